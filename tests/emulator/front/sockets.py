"""Route and integration responses of WebSocket APIs: ministack's API has them, its CloudFormation has not."""


def register():
    """Adds the two types."""
    from ministack.services import apigateway
    from ministack.services.cloudformation import provisioners

    def lower(properties):
        return {name[0].lower() + name[1:]: value for name, value in properties.items()}

    def of(parent, create, delete, identifier):
        def made(logical_id, properties, stack):
            reply = create(properties["ApiId"], properties[parent], lower(properties))
            if reply[0] >= 400:
                raise ValueError(f"{logical_id}: {reply[2]!r}")
            return provisioners.json.loads(reply[2])[identifier], {}

        def changed(physical, old, new, stack):
            delete(old["ApiId"], old[parent], physical)
            return made(physical, new, stack)

        return {"create": made, "update": changed, "delete": lambda physical, properties: delete(properties["ApiId"], properties[parent], physical)}

    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::ApiGatewayV2::RouteResponse"] = of(
        "RouteId", apigateway._create_route_response, apigateway._delete_route_response, "routeResponseId"
    )
    handlers["AWS::ApiGatewayV2::IntegrationResponse"] = of(
        "IntegrationId", apigateway._create_integration_response, apigateway._delete_integration_response, "integrationResponseId"
    )
