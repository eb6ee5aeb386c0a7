"""ClickHouse's engine behind HTTP, as far as a client can tell: the package `chdb` has the real engine
without its server. One query at a time; what ends queries is tested elsewhere. Prints its port, and ends
when its standard input does."""

import http.server
import os
import re
import sys
import threading
import urllib.parse

from chdb import session

ENGINE = session.Session()
LOCK = threading.Lock()
ENGINE.query("SET default_table_engine = 'Memory', data_type_default_nullable = 1")


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        url = urllib.parse.urlsplit(self.path)
        given = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if (self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key")) != ("default", "secret"):
            return self.answer(403, b"Code: 516. DB::Exception: default: Authentication failed")
        try:
            with LOCK:
                answer = self.run(url.path, given, body)
        except Exception as error:  # the engine's words
            status, answer = 500, str(error).encode()
        else:
            status = 200
        self.answer(status, answer)

    def run(self, path, given, body):
        if path == "/setup":
            ENGINE.query("CREATE DATABASE " + given["database"])
            ENGINE.query("USE " + given["database"])
            for statement in filter(str.strip, body.split(";")):
                ENGINE.query(statement)
            return b""
        ENGINE.query("USE " + given.get("database", "default"))
        for name, value in given.items():
            if name.startswith("output_format_"):
                ENGINE.query(f"SET {name} = {int(value)}")
        values = {name[6:]: value for name, value in given.items() if name.startswith("param_")}
        own = re.search(r"\bFORMAT\s+(\w+)\s*$", body, re.IGNORECASE)
        form = own.group(1) if own else given.get("default_format", "TabSeparated")
        if own:
            body = body[: own.start()]
        return bytes(ENGINE.query(body, form, params=values).bytes())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
server.daemon_threads = True
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
