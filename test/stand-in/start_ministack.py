"""Starts MiniStack with six gaps of its IAM closed, so that policies mean what they mean in AWS.

Each gap has a canary in iam.slow.test.ts, which also runs MiniStack with --bare: when a release closes a gap, that test
fails, and the part here can be removed.
"""

import json
import re

import ministack.core.iam_actions as actions
import ministack.core.iam_evaluator as evaluator
import ministack.services.iam as iam

# Batches need the permission of the single action; IAM has no separate one for them.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
RIGHTS_OF_BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}

STORAGE_HEADERS = (
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
)

VARIABLE = re.compile(r"\$\{([^}]*)\}")
# Placeholders for literal characters that would be wildcards in a pattern. Values get the same placeholders.
LITERAL = {"*": "\ue000", "?": "\ue001", "$": "$"}


def expand(pattern, context):
    """Replaces policy variables in the pattern. None if one has no value: then the element matches nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    absent = False

    def value_of(match):
        nonlocal absent
        name, _, default = match.group(1).partition(",")
        if name in LITERAL:
            return LITERAL[name]
        value = evaluator._resolve_condition_key(name.strip(), context)
        if isinstance(value, str):
            return value.replace("*", LITERAL["*"]).replace("?", LITERAL["?"])
        absent = absent or not default.strip()
        return default.strip().strip("'")

    expanded = VARIABLE.sub(value_of, pattern)
    return None if absent else expanded


def expand_all(patterns, context):
    expanded = (expand(str(pattern), context) for pattern in patterns)
    return [pattern for pattern in expanded if pattern is not None]


def expand_conditions(conditions, context):
    return {
        operator: {
            key: expand_all(values if isinstance(values, list) else [values], context)
            for key, values in (block or {}).items()
        }
        for operator, block in (conditions or {}).items()
    }


def first_match(context, statements, effect):
    """Policy variables in resources and in the values of conditions; batches as single actions."""
    action = RIGHTS_OF_BATCHES.get(context.action, context.action)
    for statement in statements:
        resources = expand_all(statement.resources, context)
        if statement.resources and not resources:
            continue
        if (
            statement.effect == effect
            and evaluator._action_matches(action, statement.actions, statement.not_actions)
            and evaluator._resource_matches(
                context.resource_arn, resources, expand_all(statement.not_resources, context)
            )
            and evaluator._conditions_met(expand_conditions(statement.conditions, context), context)
        ):
            return statement
    return None


def s3_service_context(action, query, path="", headers=None, *, of_ministack=actions.s3_service_context):
    """The keys s3:if-none-match and s3:if-match of conditional writes and deletes, and those of storage and encryption.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
    """
    keys = of_ministack(action, query, path, headers)
    if action == "s3:PutObject":
        for header in STORAGE_HEADERS:
            value = (headers or {}).get(header)
            if value is not None:
                keys[f"s3:{header}"] = value
    if action in ("s3:PutObject", "s3:DeleteObject"):
        for header in ("if-none-match", "if-match"):
            value = (headers or {}).get(header)
            if value is not None:
                keys[f"s3:{header}"] = value.strip('"')
    return keys


def request_tag_context(service, action, body, params, *, of_ministack=actions.request_tag_context):
    """The keys kms:MessageType and kms:SigningAlgorithm of a request to sign.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    keys = of_ministack(service, action, body, params)
    if service == "kms":
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            asked = {}
        for field in ("MessageType", "SigningAlgorithm"):
            if isinstance(asked, dict) and isinstance(asked.get(field), str):
                keys[f"kms:{field}"] = asked[field]
    return keys


def resolve_condition_key(key, context, *, of_ministack=evaluator._resolve_condition_key):
    """aws:PrincipalArn of an assumed role is the ARN of the role, with its path, not that of the session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    value = of_ministack(key, context)
    if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
        return value
    name = evaluator._role_name_from_assumed_arn(value)
    role = iam._roles.get_scoped(context.principal_account, None, name) or {}
    return role.get("Arn", f"arn:aws:iam::{context.principal_account}:role/{name}")


def close_gaps():
    evaluator._first_match = first_match
    evaluator._resolve_condition_key = resolve_condition_key
    actions.s3_service_context = s3_service_context
    actions.request_tag_context = request_tag_context


if __name__ == "__main__":
    import sys

    from ministack import app

    app._port_is_bindable = lambda *_: False  # otherwise it takes port 443, too
    if "--bare" in sys.argv:
        sys.argv.remove("--bare")
    else:
        close_gaps()
    app.main()
