"""Imported certificates, which ministack stores without reading: what they say about names, key and time.

AWS refuses to import one that has expired; here it stands in for one that expired since.
"""

import base64
import json
from datetime import datetime, timezone

from cryptography import x509


def register():
    """Reads what is imported."""
    from ministack.services import acm

    imported = acm._import_certificate

    def import_and_read(data):
        reply = imported(data)
        if reply[0] == 200:
            stored = acm._certificates[json.loads(reply[2])["CertificateArn"]]
            stored.update(read(base64.b64decode(data["Certificate"])))
        return reply

    acm._import_certificate = import_and_read


def read(pem):
    found = x509.load_pem_x509_certificate(pem)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    expired = found.not_valid_after_utc < datetime.now(timezone.utc)
    return {
        "DomainName": names[0],
        "SubjectAlternativeNames": names,
        "NotBefore": said(found.not_valid_before_utc),
        "NotAfter": said(found.not_valid_after_utc),
        "Status": "EXPIRED" if expired else "ISSUED",
    }


def said(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
