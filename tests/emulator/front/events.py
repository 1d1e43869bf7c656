"""Parameter Store Change events, which AWS sends to the default bus with every write and ministack never does."""

import json
import logging
import threading


def announce_parameters():
    """Sends one event per parameter that was created, updated or deleted, after the write was answered."""
    from ministack.core.responses import get_account_id, get_region, set_request_account_id, set_request_region
    from ministack.services import eventbridge, ssm

    put, delete, delete_many = ssm._put_parameter, ssm._delete_parameter, ssm._delete_parameters

    def tell(name, operation, kind):
        account, region = get_account_id(), get_region()
        detail = {"operation": operation, "name": name, "type": kind}
        entry = {
            "Source": "aws.ssm",
            "DetailType": "Parameter Store Change",
            "Detail": json.dumps(detail),
            "Resources": [f"arn:aws:ssm:{region}:{account}:parameter{name if name.startswith('/') else '/' + name}"],
        }

        def send():
            set_request_account_id(account)
            set_request_region(region)
            try:
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
            except Exception:
                logging.getLogger("events").exception("an event of %s in %s was not sent", name, region)

        threading.Thread(target=send, name="parameter-event", daemon=True).start()

    def kind_of(name):
        return (ssm._parameters.get(name) or {}).get("Type", "String")

    def put_and_tell(data):
        name = data.get("Name")
        existed = name in ssm._parameters
        reply = put(data)
        if reply[0] == 200:
            tell(name, "Update" if existed else "Create", kind_of(name))
        return reply

    def delete_and_tell(data):
        kind = kind_of(data.get("Name"))
        reply = delete(data)
        if reply[0] == 200:
            tell(data["Name"], "Delete", kind)
        return reply

    def delete_many_and_tell(data):
        kinds = {name: kind_of(name) for name in data.get("Names", [])}
        reply = delete_many(data)
        if reply[0] == 200:
            for name in json.loads(reply[2])["DeletedParameters"]:
                tell(name, "Delete", kinds.get(name, "String"))
        return reply

    ssm._put_parameter, ssm._delete_parameter, ssm._delete_parameters = put_and_tell, delete_and_tell, delete_many_and_tell
