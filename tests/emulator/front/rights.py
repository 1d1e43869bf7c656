"""What a call is about, where ministack's IAM does not know: GetParametersByPath is about its path, and not about everything."""

import json


def register():
    """Adds the path."""
    from ministack.core import iam_actions

    extract = iam_actions.extract_resource_arn

    def extract_with_path(service, method, path, headers, body, parameters, region, account, *others, **named):
        if service == "ssm" and headers.get("x-amz-target", "").endswith(".GetParametersByPath"):
            asked = json.loads(body or b"{}").get("Path", "")
            return f"arn:aws:ssm:{region}:{account}:parameter/{asked.strip('/')}"
        return extract(service, method, path, headers, body, parameters, region, account, *others, **named)

    iam_actions.extract_resource_arn = extract_with_path
