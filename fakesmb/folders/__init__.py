"""Private folders: shares of content and copies of folders, kept fresh by a spare copy, gone when the server is."""
