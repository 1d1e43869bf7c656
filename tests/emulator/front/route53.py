"""Route 53, by moto: ministack's own health checks are broken (booleans as "True", no children, no CloudFormation type).

Two ways in: the Route 53 API, whose requests are handed on as they are, and the CloudFormation types of our templates, which are created
in moto by the SDK.
"""

import asyncio
import urllib.error
import urllib.request

import boto3

# The only API that is served below this path.
API = "/2013-04-01/"
# What moto may need for its first answer, which imports a good deal, in seconds.
PATIENCE = 30


def forwarding(app, moto):
    """`app`, with every request of the Route 53 API answered by `moto`."""

    def ask(method, target, body, headers):
        request = urllib.request.Request(moto + target, data=body or None, method=method)
        # Never urllib's own, by which moto would take the body for a form.
        request.add_header("content-type", "application/xml")
        # moto tells services apart by what a request is signed for.
        for name in ("authorization", "content-type"):
            if name.encode() in headers:
                request.add_header(name, headers[name.encode()].decode("latin-1"))
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    async def front(scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        target = scope["raw_path"].decode("ascii")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("ascii")
        status, headers, reply = await asyncio.to_thread(ask, scope["method"], target, body, dict(scope["headers"]))
        kept = [(name.lower().encode(), value.encode()) for name, value in headers.items() if name.lower() in ("content-type", "location")]
        await send({"type": "http.response.start", "status": status, "headers": [*kept, (b"content-length", str(len(reply)).encode())]})
        await send({"type": "http.response.body", "body": reply})

    return front


def register(moto):
    """Puts health checks and record sets of templates into moto."""
    from ministack.core.responses import new_uuid
    from ministack.services.cloudformation import provisioners

    def client():
        return boto3.client("route53", endpoint_url=moto, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    def check_config(properties):
        config = dict(properties["HealthCheckConfig"])
        for number in ("Port", "RequestInterval", "FailureThreshold", "HealthThreshold"):
            if number in config:
                config[number] = int(config[number])
        for flag in ("MeasureLatency", "Inverted", "Disabled", "EnableSNI"):
            if flag in config:
                config[flag] = truth(config[flag])
        # The defaults that Route 53 has and moto has not.
        if config["Type"].startswith("HTTPS"):
            config.setdefault("Port", 443)
            config.setdefault("EnableSNI", True)
        return config

    def create_check(logical_id, properties, stack):
        made = client().create_health_check(CallerReference=new_uuid(), HealthCheckConfig=check_config(properties))
        identifier = made["HealthCheck"]["Id"]
        tag_check(identifier, properties)
        return identifier, {"HealthCheckId": identifier}

    def tag_check(identifier, properties):
        tags = properties.get("HealthCheckTags")
        if tags:
            client().change_tags_for_resource(ResourceType="healthcheck", ResourceId=identifier, AddTags=tags)

    def update_check(identifier, old, new, stack):
        # What Route 53 cannot change in a check, CloudFormation replaces.
        fixed = ("Type", "RequestInterval", "MeasureLatency")
        before, after = check_config(old), check_config(new)
        if any(before.get(name) != after.get(name) for name in fixed):
            replacement, attributes = create_check(identifier, new, stack)
            delete_check(identifier, old)
            return replacement, attributes
        client().update_health_check(HealthCheckId=identifier, **{name: value for name, value in after.items() if name not in fixed})
        tag_check(identifier, new)
        return identifier, {"HealthCheckId": identifier}

    def delete_check(identifier, properties):
        client().delete_health_check(HealthCheckId=identifier)

    def record_set(properties):
        record = {name: value for name, value in properties.items() if name not in ("HostedZoneId", "HostedZoneName", "Comment")}
        if "ResourceRecords" in record:
            record["ResourceRecords"] = [{"Value": value} for value in record["ResourceRecords"]]
        for number in ("TTL", "Weight"):
            if number in record:
                record[number] = int(record[number])
        if "AliasTarget" in record:
            record["AliasTarget"] = {"EvaluateTargetHealth": False, **record["AliasTarget"]}
            record["AliasTarget"]["EvaluateTargetHealth"] = truth(record["AliasTarget"]["EvaluateTargetHealth"])
        return record

    def change(action, properties):
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record_set(properties)}]}
        client().change_resource_record_sets(HostedZoneId=properties["HostedZoneId"], ChangeBatch=batch)

    def create_record(logical_id, properties, stack):
        change("CREATE", properties)
        return properties["Name"], {}

    def update_record(identifier, old, new, stack):
        place = ("HostedZoneId", "Name", "Type", "SetIdentifier")
        if any(old.get(part) != new.get(part) for part in place):
            change("CREATE", new)
            change("DELETE", old)
        else:
            change("UPSERT", new)
        return new["Name"], {}

    def delete_record(identifier, properties):
        change("DELETE", properties)

    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::Route53::HealthCheck"] = {"create": create_check, "update": update_check, "delete": delete_check}
    handlers["AWS::Route53::RecordSet"] = {"create": create_record, "update": update_record, "delete": delete_record}


def truth(value):
    """A boolean of a template, which parameters may have made a string."""
    return value if isinstance(value, bool) else str(value).lower() == "true"
