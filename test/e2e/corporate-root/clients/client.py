"""Asks an API server for its version with the CA certificates of a file: client.py URL CA-FILE TOKEN"""
import ssl
import sys
import urllib.request

url, ca_file, token = sys.argv[1:]
context = ssl.create_default_context(cafile=ca_file)
request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
try:
    print(urllib.request.urlopen(request, context=context).status)
except OSError as error:
    sys.exit(str(error))
