"""Being here makes what lies beside it (`browser.py`, `contract_server.py`) importable from every test."""
