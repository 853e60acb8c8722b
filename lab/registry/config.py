"""The configuration files of docker-registry and nginx."""

from __future__ import annotations

import json
from pathlib import Path

from lab import settings, tls
from lab.registry import store

API = f"{settings.API_HOST}:{settings.API_PORT}"


def registry() -> str:
    """Return docker-registry's configuration; JSON is YAML too."""
    return json.dumps(
        {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(store.STORE)}, "delete": {"enabled": True}},
            "http": {"addr": f"{settings.API_HOST}:{settings.REGISTRY_PORT}", "relativeurls": False},
        }
    )


def nginx(folder: Path) -> str:
    """Return nginx's configuration: TLS, the way of each request, and the access log of who pulled what.

    Layers are docker-registry's, once the API has let the request pass; all else of a registry is the API's.
    """
    temps = "\n".join(
        f"    {name}_temp_path {folder}/temp/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # One process, so that ending it ends all of it.
    return rf"""daemon off;
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
    server {{
        listen {settings.GATEWAY}:443 ssl;
        server_name "~^(?<account>[0-9]{{12}})\.dkr\.ecr\.(?<region>[a-z0-9-]+)\.amazonaws\.com$";
        proxy_set_header Host $host;
        location / {{
            proxy_pass http://{API}/_lab/registry$request_uri;
            # The API's server wants to know how long a manifest is.
            proxy_request_buffering on;
        }}
        location ~ ^/v2/.+/blobs/ {{
            auth_request /auth;
            error_page 401 403 = @refused;
            rewrite ^/v2/(.+)$ /v2/$account/$region/$1 break;
            proxy_pass http://{settings.API_HOST}:{settings.REGISTRY_PORT};
            proxy_redirect ~^https?://[^/]+/v2/[0-9]+/[^/]+/(.+)$ https://$host/v2/$1;
            # The registry has no users of its own, the API has checked the token.
            proxy_set_header Authorization "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Proto https;
        }}
        location = /auth {{
            internal;
            proxy_pass http://{API}/_lab/registry/auth;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Host $host;
            proxy_set_header X-Method $request_method;
            proxy_set_header X-Uri $request_uri;
        }}
        # nginx's own refusal would not say why.
        location @refused {{
            proxy_method GET;
            proxy_pass http://{API}/_lab/registry$request_uri;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Host $host;
            proxy_set_header X-Method $request_method;
        }}
    }}
    server {{
        listen {settings.GATEWAY}:443 ssl;
        server_name {" ".join(settings.AWS_HOSTS)};
        access_log off;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto https;
        location / {{ proxy_pass http://{API}; }}
    }}
}}
"""
