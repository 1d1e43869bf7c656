"""Names without DNS: every custom domain of the emulator's API Gateway answers below `/_names/<domain>/`, by plain HTTP.

The emulator serves custom domains by their Host header, but nothing resolves them on the machine of a test and nobody holds their
certificates. So the environment of a function, which names them as `https://<domain>`, is read as these paths when its process starts;
what is deployed stays as the template has it. A domain without a mapping answers 404 here, as it would refuse there. What a function makes of names
by itself the harness has to say in its place: EMULATOR_FUNCTIONS, a JSON object of variables that every function gets besides.
"""

import json
import os
import re

PREFIX = "/_names/"
# An address in the environment of a function, up to its path.
ADDRESS = re.compile(r"\b(http|ws)s?://([a-z0-9][a-z0-9.-]*\.[a-z]{2,})(?![a-z0-9.:-])")
# API Gateway's own names, which ministack serves below a path of its own (its signatures cover that path).
EXECUTE_API = re.compile(r"^([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com$")


def resolve():
    """Gives functions addresses that lead here in place of names that lead nowhere."""
    from ministack.services import lambda_svc

    prepare = lambda_svc._provided_worker_env
    gateway = f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"
    besides = json.loads(os.environ.get("EMULATOR_FUNCTIONS", "{}"))

    def here(match):
        scheme, host = match.groups()
        api = EXECUTE_API.match(host)
        path = f"/_aws/execute-api/{api.group(1)}" if api else f"{PREFIX}{host}"
        return f"{scheme}://{gateway}{path}"

    def environment(config, folder, port):
        own = (config.get("Environment") or {}).get("Variables") or {}
        prepared = prepare(config, folder, port)
        prepared.update(besides)
        prepared.update({name: ADDRESS.sub(here, value) for name, value in own.items() if isinstance(value, str)})
        return prepared

    lambda_svc._provided_worker_env = environment


def answering(app):
    """`app`, with `/_names/<domain>/<path>` answered as `https://<domain>/<path>` would be."""

    async def front(scope, receive, send):
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith(PREFIX):
            await app(scope, receive, send)
            return
        host, _, path = scope["path"][len(PREFIX):].partition("/")
        mapped = mapping(host, "/" + path)
        if mapped is not None:
            # By the API's own path: by its Host header ministack answers some paths itself (/health), and WebSockets not at all.
            scope = {**scope, "path": mapped, "raw_path": mapped.encode()}
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"no API is mapped to this name"})

    return front


def mapping(host, path):
    """The path below which ministack serves what this domain is mapped to."""
    from ministack.services import apigateway_v1

    mapped = apigateway_v1.resolve_base_path_mapping(host, path)
    if mapped is None:
        return None
    api, stage, rest = mapped
    return f"/_aws/execute-api/{api}/{stage}{rest.rstrip('/')}"
