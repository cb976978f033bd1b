"""The control API and the page: HTTP in the reactor's turn of the server, so that an answer never lags the journal."""
