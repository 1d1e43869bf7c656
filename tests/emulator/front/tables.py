"""Replicas of a global table: ministack's CloudFormation type ignores them, its UpdateTable does not."""


def register():
    """Lets `Replicas` of AWS::DynamoDB::GlobalTable become replicas."""
    from ministack.core.responses import get_region
    from ministack.services import dynamodb
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::GlobalTable"]
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def regions(properties):
        return {replica["Region"] for replica in properties.get("Replicas") or []} - {get_region()}

    def apply(name, action, wanted):
        if not wanted:
            return
        updates = [{action: {"RegionName": region}} for region in sorted(wanted)]
        failed = dynamodb._apply_replica_updates(name, dynamodb._tables[name], updates)
        if failed:
            raise ValueError(f"AWS::DynamoDB::GlobalTable: {failed[2]!r}")

    def create_with_replicas(logical_id, properties, stack):
        name, attributes = create(logical_id, properties, stack)
        apply(name, "Create", regions(properties))
        return name, attributes

    def update_with_replicas(name, old, new, stack):
        changed = update(name, old, new, stack)
        apply(name, "Delete", regions(old) - regions(new))
        apply(name, "Create", regions(new) - regions(old))
        return changed

    def delete_with_replicas(name, properties):
        if name in dynamodb._tables:
            apply(name, "Delete", regions(properties))
        delete(name, properties)

    handlers["create"], handlers["update"], handlers["delete"] = create_with_replicas, update_with_replicas, delete_with_replicas
