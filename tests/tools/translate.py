"""Writes a SAM template as the CloudFormation that SAM makes of it, so that cfn-lint sees the roles,
mappings and permissions too. It asks AWS nothing: managed policies keep their names.

Usage: translate.py TEMPLATE > translated.json
"""

import json
import os
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

MANAGED_POLICIES = {
    name: f"arn:aws:iam::aws:policy/service-role/{name}"
    for name in (
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
    )
} | {"AWSXRayDaemonWriteAccess": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"}


def main(path: str) -> None:
    # samtranslator asks boto3 for the partition of the region it is in.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    # SAM uploads code before it translates; a linter only needs an address.
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://placeholder/code.zip"
    translated = Translator(MANAGED_POLICIES, Parser()).translate(template, {})
    json.dump(translated, sys.stdout, indent=2)


if __name__ == "__main__":
    main(sys.argv[1])
