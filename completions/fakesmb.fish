# Completion of fakesmb for fish, loaded when it is first wanted: share/fish/vendor_completions.d/fakesmb.fish
fakesmb completion fish | source
