# Completion of fakesmb for bash, loaded when it is first wanted: share/bash-completion/completions/fakesmb
eval "$(fakesmb completion bash)"
