"""Unwraps RSA_AES_KEY_WRAP_SHA_256 with PyCA. Reads and writes JSON: [[wrapping key, blob], ...] to [key, ...], in base64."""
import base64
import json
import sys

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def unwrap(wrapping_der: bytes, blob: bytes) -> bytes:
    wrapping_key = serialization.load_der_private_key(wrapping_der, password=None)
    size = wrapping_key.key_size // 8
    aes_key = wrapping_key.decrypt(blob[:size], OAEP)
    key = keywrap.aes_key_unwrap_with_padding(aes_key, blob[size:])
    serialization.load_der_private_key(key, password=None)  # what is imported must be a private key
    return key


questions = [[base64.b64decode(text) for text in question] for question in json.load(sys.stdin)]
json.dump([base64.b64encode(unwrap(*question)).decode() for question in questions], sys.stdout)
