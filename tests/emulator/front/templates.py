"""The short forms of rule functions (`!Contains`), which ministack's reader of templates does not know; the functions themselves it has."""


def register():
    """Adds the short forms."""
    from ministack.services.cloudformation import engine

    for name in ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll"):
        engine.CfnLoader.add_constructor(f"!{name}", engine._construct_cfn_tag(f"Fn::{name}"))
