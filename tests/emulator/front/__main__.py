"""The AWS emulator of the tests: ministack, with what our templates need and it lacks put beside it.

Each module here fills one gap, through ministack's own tables of handlers, and says which. What AWS does and neither does is listed in
the README one folder up. Nothing here is deployed, and nothing here knows what our code expects to see.

    python tests/emulator/front        (settings by environment: see `needed`)
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def needed(name):
    """A setting that the harness passes."""
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set: the harness in tests/emulator starts this")
    return value


def main():
    needed("GATEWAY_PORT")
    needed("BIND_HOST")
    moto = needed("EMULATOR_MOTO")

    import certificates
    import events
    import faults
    import names
    import quotas
    import rights
    import route53
    import schedules
    import sockets
    import tables
    import templates

    import ministack.app as emulator

    route53.register(moto)
    certificates.register()
    rights.register()
    tables.register()
    templates.register()
    sockets.register()
    events.announce_parameters()
    schedules.hasten()
    names.resolve()
    emulator.app = faults.injecting(names.answering(quotas.answering(route53.forwarding(emulator.app, moto))))
    emulator.main()


if __name__ == "__main__":
    main()
