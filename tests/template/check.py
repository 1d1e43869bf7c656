"""Holds template.yaml and owner.yaml against CloudFormation's own rules, and writes them as CloudFormation would see them.

    check.py FOLDER     writes FOLDER/template.json (after the SAM transform) and FOLDER/owner.json

Ends with 1 on any finding. What the templates *mean* is not looked at here: the Rust tests read what is written.
"""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ["template.yaml", "owner.yaml"]
# Regions differ in which resource types and runtimes they have. These are the examples' regions, the usual witnesses, and old and new ones.
REGIONS = [
    "us-east-1", "us-east-2", "us-west-2", "ca-central-1", "sa-east-1",
    "eu-west-1", "eu-west-2", "eu-central-1", "eu-north-1",
    "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-south-1",
]  # fmt: skip
# Findings that are not looked for are named in the templates, each with its reason (Metadata, cfn-lint).


def lint():
    """cfn-lint's exit status: every rule that is on by default, warnings too."""
    linter = Path(sys.executable).with_name("cfn-lint")
    return subprocess.run([linter, "--regions", *REGIONS, "--template", *TEMPLATES], cwd=ROOT, check=False).returncode


def read(name):
    return yaml_parse((ROOT / name).read_text(encoding="utf-8"))


def translated(template):
    """The template after the SAM transform. Code is where `sam deploy` would have put it; where that is makes no difference to the rest."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            code = resource["Properties"]["CodeUri"]
            resource["Properties"]["CodeUri"] = f"s3://code/{code}"
    os.environ["AWS_DEFAULT_REGION"] = REGIONS[0]
    return transform(template, {}, type("NoManagedPolicies", (), {"load": lambda self: {}})())


def said_once(template):
    """The policy is spelled out wherever it is needed, since CloudFormation has no way to say it once. It must be the same everywhere."""
    functions = [resource for resource in template["Resources"].values() if resource["Type"] == "AWS::Serverless::Function"]
    variables = [function["Properties"]["Environment"]["Variables"] for function in functions]
    spelled = [one["FAILOVER_POLICY"] for one in variables if "FAILOVER_POLICY" in one]
    return len(spelled) > 1 and all(one == template["Outputs"]["Policy"]["Value"] for one in spelled)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    template, owner = (read(name) for name in TEMPLATES)
    for name, plain in [("template.json", translated(template)), ("owner.json", owner)]:
        (folder / name).write_text(json.dumps(plain, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    same = said_once(template)
    if not same:
        print("template.yaml: FAILOVER_POLICY and the output Policy are not the same everywhere", file=sys.stderr)
    sys.exit(1 if lint() or not same else 0)


if __name__ == "__main__":
    main()
