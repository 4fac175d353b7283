"""A reward service for tests that misbehaves as the path of the request says.

python3 reward_server.py CERTIFICATE.pem    prints {"http": PORT, "https": PORT, "other": PORT}, then serves until its input ends.

/good grades every answer: safety is 1, or 0 where the answer holds "bad". /counts tells how often each path was asked and what came of it.
localhost.pem was made by: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem; cat key.pem cert.pem
"""

import email.utils
import gzip
import json
import os
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BOMB = gzip.compress(b" " * (64 << 20))  # 64 MiB in 64 KiB

counts = Counter()
seen = {"connections": 0, "most_at_once": 0, "now": 0, "keys": []}
lock = threading.Lock()
other = None  # the server that redirects lead to


def grade(request):
    return {"id": request["id"], "safety": 0.0 if "bad" in request["response"] else 1.0}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with lock:
            seen["connections"] += 1

    def send(self, body, status=200, **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.strip("/")
        if name == "counts":
            with lock:
                self.send({"counts": dict(counts), **seen})
            return
        with lock:
            counts[name] += 1
            tries = counts[name]
            seen["now"] += name == "pause"
            seen["most_at_once"] = max(seen["most_at_once"], seen["now"])
            seen["keys"].append(self.headers.get("Authorization", ""))
        try:
            getattr(self, "on_" + name.split("-")[0])(json.loads(body), tries)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with lock:
                seen["now"] -= name == "pause"

    def replies(self, asked):
        return [grade(request) for request in asked["requests"]]

    def on_good(self, asked, tries):
        self.send({"replies": self.replies(asked)})

    def on_reversed(self, asked, tries):
        self.send({"replies": self.replies(asked)[::-1]})

    def on_pause(self, asked, tries):  # busy for a while
        time.sleep(0.05)
        self.on_good(asked, tries)

    def on_slow(self, asked, tries):  # longer than anybody waits
        time.sleep(3)
        self.on_good(asked, tries)

    def on_drip(self, asked, tries):  # a byte now and then
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def on_half(self, asked, tries):
        whole = json.dumps({"replies": self.replies(asked)}).encode()
        self.send(whole[: len(whole) // 2], Content_Length=len(whole))
        self.close()

    def on_closed(self, asked, tries):
        self.close()

    def on_reset(self, asked, tries):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.close_connection = True
        os.close(self.connection.detach())

    def close(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def on_twice_closed(self, asked, tries):
        self.close() if tries <= 2 else self.on_good(asked, tries)

    def on_twice500(self, asked, tries):
        self.send({"detail": "out of memory"}, 500) if tries <= 2 else self.on_good(asked, tries)

    def on_always500(self, asked, tries):
        self.send({"detail": "out of memory"}, 500)

    def on_busy(self, asked, tries):  # once, with a wish in seconds
        self.send(b"", 429, Retry_After=1) if tries == 1 else self.on_good(asked, tries)

    def on_busydate(self, asked, tries):
        at = email.utils.formatdate(time.time() + 2, usegmt=True)
        self.send(b"", 503, Retry_After=at) if tries == 1 else self.on_good(asked, tries)

    def on_busyhour(self, asked, tries):
        self.send(b"", 429, Retry_After=3600)

    def on_busyonce(self, asked, tries):  # a wish that is a slip
        self.send(b"", 429, Retry_After=3600) if tries == 1 else self.on_good(asked, tries)

    def on_unauthorized(self, asked, tries):
        self.send({"detail": "who are you"}, 401)

    def on_missing(self, asked, tries):
        self.send(b"<html>not here</html>", 404)

    def on_redirect(self, asked, tries):
        self.send(b"", 307, Location="http://127.0.0.2:%d/stolen" % other.server_port)

    def on_stolen(self, asked, tries):
        self.on_good(asked, tries)

    def on_html(self, asked, tries):
        self.send(b"<html><body>proxy error</body></html>")

    def on_wrongjson(self, asked, tries):
        self.send(b'{"replies": [{"id": 1, "safety": 1}')

    def on_empty(self, asked, tries):
        self.send(b"")

    def on_nan(self, asked, tries):
        self.send({"replies": [dict(reply, safety=float("nan")) for reply in self.replies(asked)]})

    def on_infinite(self, asked, tries):
        self.send(b'{"replies": [{"id": 1, "safety": 1e999}]}')

    def on_outofrange(self, asked, tries):
        self.send({"replies": [dict(reply, safety=1.5) for reply in self.replies(asked)]})

    def on_text(self, asked, tries):
        self.send({"replies": [dict(reply, safety="1.0") for reply in self.replies(asked)]})

    def on_wrongcount(self, asked, tries):
        self.send({"replies": self.replies(asked)[:-1]})

    def on_duplicate(self, asked, tries):
        self.send({"replies": self.replies(asked) + self.replies(asked)[:1]})

    def on_stranger(self, asked, tries):
        self.send({"replies": self.replies(asked) + [{"id": 99, "safety": 1}]})

    def on_otherfield(self, asked, tries):
        self.send({"replies": [{"id": reply["id"], "saftey": 1} for reply in self.replies(asked)]})

    def on_deep(self, asked, tries):
        self.send(b"[" * 100000)

    def on_latin1(self, asked, tries):
        self.send('{"replies": "é"}'.encode("latin-1"))

    def on_huge(self, asked, tries):
        self.send(b" " * (8 << 20))

    def on_bomb(self, asked, tries):
        self.send(BOMB, Content_Encoding="gzip")

    def on_gzip(self, asked, tries):
        self.send(gzip.compress(json.dumps({"replies": self.replies(asked)}).encode()), Content_Encoding="gzip")

    def on_badgzip(self, asked, tries):
        self.send(b"this is no gzip", Content_Encoding="gzip")

    def on_headers(self, asked, tries):
        self.send_response(200)
        for i in range(90):
            self.send_header("X-%d" % i, "x" * 4000)
        self.end_headers()

    def on_nohttp(self, asked, tries):
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        self.close()

    def on_openrlhf(self, asked, tries):
        assert sorted(asked) == ["labels", "prompts", "query"]
        rewards = [float(len(query) - len(prompt)) for query, prompt in zip(asked["query"], asked["prompts"])]
        self.send({"rewards": rewards, "scores": [1.0] * len(rewards), "extra_logs": {"tone": [0.25] * len(rewards)}})

    def on_verl(self, asked, tries):
        assert sorted(asked) == ["data_source", "extra_info", "ground_truth", "solution_str"]
        self.send({"score": 1.0 if asked["ground_truth"] in asked["solution_str"] else -1.0, "acc": True})

    def on_verlnumber(self, asked, tries):
        self.send(0.5)

    def on_classify(self, asked, tries):
        data = [{"index": i, "probs": [0.0, float(len(text))]} for i, text in enumerate(asked["input"])]
        self.send({"object": "list", "model": asked["model"], "data": data[::-1]})


def serve(handler, certificate):
    """Serves until the program's input ends."""
    global other
    plain = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    other = ThreadingHTTPServer(("127.0.0.2", 0), handler)
    secure = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    for server in (plain, other, secure):
        server.handle_error = lambda *words: None
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"http": plain.server_port, "https": secure.server_port, "other": other.server_port}), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    serve(Handler, sys.argv[1])
