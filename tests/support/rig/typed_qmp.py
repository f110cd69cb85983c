"""A QEMU monitor played by an X server: what input-send-event says is typed there by XTest. For guests that are programs on a desktop of this
machine (Wine), where the sinks have no virtual machine to speak to."""
import json
import os
import socket
import threading

KEYCODES = {"ctrl_r": "105"}  # XTest by a key's name would press Control_L besides
RESYNC = b"\xff"  # ends whatever a client before this one left unfinished
GREETING = {"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}}, "capabilities": []}}
ANSWERS = {"query-status": {"status": "running", "running": True, "singlestep": False}, "query-mice": []}


class TypedQmp:
    """One client after the other, until close()."""

    def __init__(self, path, display):
        self.display = display
        self.changes = []  # (key, down) as they were typed
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as file:
                self.talk(client, file)

    def talk(self, client, file):
        def send(message):
            client.sendall(json.dumps(message).encode() + b"\r\n")

        try:
            send(GREETING)
            for line in file:
                request = json.loads(line[line.rindex(RESYNC) + 1 :] if RESYNC in line else line)
                if request["execute"] == "input-send-event":
                    self.type(request["arguments"]["events"])
                answer = {"return": ANSWERS.get(request["execute"], {})}
                send(dict(answer, id=request["id"]) if "id" in request else answer)
        except OSError:
            pass  # the client has left

    def type(self, events):
        for event in events:
            key, down = event["data"]["key"]["data"], event["data"]["down"]
            self.display.do("keydown" if down else "keyup", KEYCODES[key])
            self.changes.append((key, down))

    def close(self):
        os.unlink(self.listener.getsockname())
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
