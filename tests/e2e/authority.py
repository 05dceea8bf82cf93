# SPDX-License-Identifier: MIT OR Apache-2.0
"""An authority of a test's own, and the certificate of a server, made by openssl."""
import ssl
import subprocess


def make(folder, host="DNS:localhost"):
    """An authority's file and the context of a server at `host` that it has signed. The names of the
    files are those that iroh-relay looks for.
    """
    folder.mkdir()
    run = lambda *words: subprocess.run(["openssl", *words], cwd=folder, check=True,
                                        capture_output=True)
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca",
        "-addext", "basicConstraints=critical,CA:TRUE")
    run("req", *new, "-keyout", "default.key", "-out", "leaf.csr", "-subj", "/CN=leaf")
    (folder / "leaf.ext").write_text(f"subjectAltName={host}\n")
    run("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "2", "-extfile", "leaf.ext", "-out", "default.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "default.crt", folder / "default.key")
    return str(folder / "ca.pem"), context
