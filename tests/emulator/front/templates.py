"""What ministack's CloudFormation reads and names otherwise than AWS.

The short forms of rule functions (`!Contains`): it has the functions, and not these. Names that the stack makes: they are the same for stacks of the
same name in every region, where AWS makes them random; roles, which belong to no region, would overwrite each other.
"""

import hashlib


def register():
    """Adds the short forms, and the region to made names."""
    from ministack.core.responses import get_region
    from ministack.services.cloudformation import engine, provisioners

    for name in ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll"):
        engine.CfnLoader.add_constructor(f"!{name}", engine._construct_cfn_tag(f"Fn::{name}"))

    made = provisioners._physical_name

    def made_here(stack, logical_id, *, lowercase=False, max_len=128, seeded=True):
        mark = hashlib.sha256(get_region().encode()).hexdigest()[:6]
        name = made(stack, logical_id, lowercase=lowercase, max_len=max_len - len(mark), seeded=seeded)
        return name + (mark if lowercase else mark.upper())

    provisioners._physical_name = made_here
