"""stub"""
def of(message): return ""
def token_of(body): return None
