"""A region whose SSM is dead: its calls get no answer at all, until the fault is lifted.

    PUT /_faults/ssm/<region>       DELETE /_faults/ssm/<region>
"""

import re

PREFIX = "/_faults/ssm/"
SCOPE = re.compile(rb"Credential=[^/]+/[0-9]{8}/([a-z0-9-]+)/ssm/")


def injecting(app):
    """`app`, but for the calls of SSM in dead regions."""
    dead = set()

    async def front(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            region = scope["path"][len(PREFIX):]
            (dead.add if scope["method"] == "PUT" else dead.discard)(region)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope["type"] == "http" and dead:
            signed = SCOPE.search(dict(scope["headers"]).get(b"authorization", b""))
            if signed and signed.group(1).decode() in dead:
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
        await app(scope, receive, send)

    return front
