#!/usr/bin/env python3
"""Computes session-vectors.json from docs/protocol.md, section 8.3, with the Python package "cryptography" (Debian: python3-cryptography).

    python3 session-vectors.py > session-vectors.json && npx biome format --write session-vectors.json

It shares no code with packages/protocol/src/session.ts. All input is fixed, so the output is the same each time.
"""
import base64
import hashlib
import json
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LABEL = b"landbridge session v1"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def fixed(name):
    """A private key that is the same each time, and used for nothing else."""
    return hashlib.sha256(b"landbridge test vector: " + name.encode()).digest()


def handshake(name, connection, capabilities, frames):
    connector = X25519PrivateKey.from_private_bytes(fixed(name + " connector"))
    hub = X25519PrivateKey.from_private_bytes(fixed(name + " hub"))
    identity = Ed25519PrivateKey.from_private_bytes(fixed(name + " identity"))
    connector_key = connector.public_key().public_bytes_raw()
    hub_key = hub.public_key().public_bytes_raw()
    identity_key = identity.public_key().public_bytes_raw()

    # The token's signature is no part of the session: any text will do.
    claims = {"session": {"v": 1, "key": b64(connector_key)}, "iss": connection, "aud": "urn:landbridge:" + connection}
    jwt = ".".join([b64(b'{"alg":"RS256"}'), b64(json.dumps(claims).encode()), "c2lnbmF0dXJl"])
    payload = {"jwt": jwt, "capabilities": capabilities, "instance": {"id": "test-vector", "hostName": "b\u00fccher"}}
    authenticate = json.dumps({"n": "authenticate", "p": payload}, ensure_ascii=False)

    fields = [
        LABEL,
        authenticate.encode(),
        connection.encode(),
        identity_key,
        connector_key,
        hub_key,
        json.dumps(capabilities, separators=(",", ":")).encode(),
    ]
    transcript = hashlib.sha256(b"".join(struct.pack(">I", len(field)) + field for field in fields)).digest()
    signature = identity.sign(b"landbridge hub identity: session\0" + transcript)
    shared = connector.exchange(hub.public_key())
    keys = {
        direction: HKDF(algorithm=hashes.SHA256(), length=32, salt=transcript, info=LABEL + b" " + direction.encode()).derive(shared)
        for direction in ("connector to hub", "hub to connector")
    }

    def sealed(direction, counter, text):
        nonce = bytes(4) + struct.pack(">Q", counter)
        return AESGCM(keys[direction]).encrypt(nonce, text.encode(), None).hex()

    return {
        "connectorPrivateKey": b64(fixed(name + " connector")),
        "hubPrivateKey": b64(fixed(name + " hub")),
        "identityPrivateKey": b64(fixed(name + " identity")),
        "connectorKey": b64(connector_key),
        "hubKey": b64(hub_key),
        "identityKey": b64(identity_key),
        "authenticate": authenticate,
        "connection": connection,
        "capabilities": capabilities,
        "transcript": transcript.hex(),
        "signature": b64(signature),
        "shared": shared.hex(),
        "keys": {direction: key.hex() for direction, key in keys.items()},
        "frames": [
            {"direction": direction, "counter": counter, "text": text, "sealed": sealed(direction, counter, text)}
            for direction, counter, text in frames
        ],
    }


print(
    json.dumps(
        [
            handshake(
                "first",
                "corp",
                ["drain", "health", "subject"],
                [
                    ("hub to connector", 0, '{"n":"authenticate_user","p":{"pid":"1","username":"ad\u00e4","password":"\u5bc6\U0001f511"}}'),
                    ("connector to hub", 0, '{"n":"health","p":{"directory":"up"}}'),
                    ("connector to hub", 1, ""),
                    ("hub to connector", 1, "x" * 100),
                    ("hub to connector", 2**32 - 1, "last"),
                ],
            ),
            handshake("second", "A.b-c_9", [], [("hub to connector", 0, "x" * 100), ("connector to hub", 2**32 - 1, "last")]),
        ],
        indent=2,
    )
)
