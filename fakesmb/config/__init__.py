"""What a person asks of a server, in fakesmb.toml and in arguments, checked on the way in, becomes a `Config`.

A mistake is a `ConfigError` (`fakesmb.mistakes`) whose text is one line that names the file, the line and the key.
"""
