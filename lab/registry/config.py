"""The configuration files of docker-registry and nginx."""

from __future__ import annotations

import json
from pathlib import Path

from lab import settings, tls

API = f"{settings.API_HOST}:{settings.API_PORT}"
STORE = settings.VAR / "registry"


def registry() -> str:
    """Return docker-registry's configuration; JSON is YAML too."""
    return json.dumps(
        {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(STORE)}, "delete": {"enabled": True}},
            "http": {"addr": f"{settings.API_HOST}:{settings.REGISTRY_PORT}", "relativeurls": False},
            "notifications": {
                "endpoints": [
                    {
                        "name": "ecr",
                        "url": f"http://{API}/_lab/registry/events",
                        "timeout": "30s",
                        "threshold": 5,
                        "backoff": "1s",
                    }
                ]
            },
        }
    )


def nginx(folder: Path) -> str:
    """Return nginx's configuration: TLS, the token check, and the access log of who pulled what."""
    temps = "\n".join(
        f"    {name}_temp_path {folder}/temp/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # One process, so that ending it ends all of it.
    return f"""daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
{temps}
    log_format access escape=json '{{"time":"$time_iso8601","client":"$remote_addr","agent":"$http_user_agent",'
        '"method":"$request_method","uri":"$request_uri","status":$status,"bytes":$bytes_sent,"seconds":$request_time}}';
    access_log {settings.LOG}/registry-access.log access;
    ssl_certificate {tls.CERTIFICATE};
    ssl_certificate_key {tls.KEY};
    ssl_protocols TLSv1.2 TLSv1.3;
    client_max_body_size 0;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_read_timeout 900s;
    proxy_send_timeout 900s;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-Proto https;
    server {{
        listen {settings.GATEWAY}:443 ssl;
        server_name {settings.ECR_HOST};
        location / {{
            auth_request /auth;
            auth_request_set $challenge $upstream_http_www_authenticate;
            proxy_pass http://{settings.API_HOST}:{settings.REGISTRY_PORT};
            # The registry has no users of its own, nginx has checked the token.
            proxy_set_header Authorization "";
        }}
        location = /auth {{
            internal;
            proxy_pass http://{API}/_lab/registry/auth;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Method $request_method;
            proxy_set_header X-Uri $request_uri;
        }}
        error_page 401 = @login;
        location @login {{
            add_header WWW-Authenticate 'Basic realm="https://{settings.ECR_HOST}/",service="ecr.amazonaws.com"' always;
            add_header Docker-Distribution-Api-Version registry/2.0 always;
            return 401;
        }}
    }}
    server {{
        listen {settings.GATEWAY}:443 ssl;
        server_name {" ".join(settings.AWS_HOSTS)};
        access_log off;
        location / {{ proxy_pass http://{API}; }}
    }}
}}
"""
