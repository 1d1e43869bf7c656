"""Service Quotas, which ministack does not have: the three that `failover doctor` asks for, at what AWS gives an account at first."""

import json

TARGET = b"ServiceQuotasV20190624."
# AWS's documented defaults: concurrent executions; requests per second of API Gateway; new WebSocket connections per second.
QUOTAS = {
    ("lambda", "L-B99A9384"): ("Concurrent executions", 1000.0),
    ("apigateway", "L-8A5B8E43"): ("Throttle rate", 10000.0),
    ("apigateway", "L-9ED1E49A"): ("New connections per second per account across all WebSocket APIs", 500.0),
}


def answering(app):
    """`app`, with Service Quotas."""

    async def front(scope, receive, send):
        target = dict(scope.get("headers", [])).get(b"x-amz-target", b"")
        if scope["type"] != "http" or not target.startswith(TARGET):
            await app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, reply = answer(json.loads(body or b"{}"))
        reply = json.dumps(reply).encode()
        headers = [(b"content-type", b"application/x-amz-json-1.1"), (b"content-length", str(len(reply)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": reply})

    return front


def answer(asked):
    service, code = asked.get("ServiceCode"), asked.get("QuotaCode")
    if (service, code) not in QUOTAS:
        return 400, {"__type": "NoSuchResourceException", "Message": "The request failed because the specified quota does not exist."}
    name, value = QUOTAS[service, code]
    return 200, {"Quota": {"ServiceCode": service, "QuotaCode": code, "QuotaName": name, "Value": value, "Adjustable": True, "GlobalQuota": False}}
