#!/usr/bin/env python3
"""Writes a Scope-Lang program of a given shape and size: `generate.py SHAPE N [--sites 300] > program.scope`.

In: a shape, a number N of resources (or of whatever the shape is made of). Out: the program, always the same for the
same arguments. The shapes:

  fleet    an operator's program: on every site networks, subnets, security groups, keys and servers that refer to them,
           images from a hub, some copied, some with alternatives, `let`s for what is shared, one `after` in eight
  layered  N resources of a REST service, about sqrt(N) in a layer, each `after` up to three of the layer before
  chain    N resources of a REST service, each `after` the one before
  fan      one resource, N after it, one after all of them
  and      N copies: N / SITES resources with `&` over all sites
  or       N / 4 resources with four alternatives
  orlong   N / SITES resources with an alternative for each site
  lets     N `let`s, each from the one before, one resource for a hundred of them
  native   N `$` lines: creations, and reads of which many say the same
  delete   N / 2 resources and N / 2 `$` lines that delete something else
  links    N links between the sites (as far as there are pairs)
  exist    N resources that exist already
  outputs  N resources and an output for each
  wide     one resource that refers to N others in one list
"""

import argparse
import math
import random


def header(sites, driver):
    yield f"//! Written by benches/generate.py.\n\nimport {driver}\n\nentry s0\n\n"
    for site in range(sites):
        simulate = ""
        if driver == "openstack":
            settings = f'openstack: {{ auth_url: "https://s{site}.example/v3", user: "u", project: "p", password: secret("P{site}") }}'
            images = ", image: [{ name: \"debian\" }]" if site % 10 == 0 else ""
            simulate = f'\n    simulate: {{ openstack: {{ flavor: [{{ name: "small", ram: 64 }}]{images} }} }}'
        else:
            settings = f'http: {{ url: "https://s{site}.example" }}'
        yield f'site s{site} {{\n    {settings}\n    labels: {{ zone: "z{site % 10}" }}{simulate}\n}}\n'
    yield "\n"
    for site in range(1, sites):
        yield f"link s{site // 10 * 10 if site % 10 else 0} -- s{site} {{ rtt: {site % 40 + 1}ms, bandwidth: 1Gbps }}\n"
    yield "\n"


def thing(name, site, after=(), kind="resource", path=None):
    clause = f" with {{ after: [{', '.join(after)}] }}" if after else ""
    body = f'{{ path: "/{path or name}", body: {{ value: 1 }} }}' if kind == "resource" else f'{{ path: "/{name}" }}'
    return f"{kind} {name}: http.resource {body} scope {{ {site} }}{clause}\n"


def fleet(n, sites, draw):
    """Eight resources a tenant, a tenant a site."""
    yield 'let size = "small"\nlet base = { visibility: "private", min_ram: 64 }\n'
    for tenant in range(math.ceil(n / 8)):
        site = f"s{tenant % sites}"
        hub = f"s{tenant % sites // 10 * 10}"
        other = f"s{(tenant + 7) % sites}"
        t = f"t{tenant}"
        octets = f"{tenant // 256 % 256}.{tenant % 256}"
        yield f'let labels_{t} = {{ tenant: "{t}", zone: "z{tenant % 10}" }}\n'
        resources = [
            f'resource net_{t}: openstack.network {{ name: "net-{t}", mtu: 1450 }} scope {{ {site} }}',
            f'resource sub_{t}: openstack.subnet {{ name: "sub-{t}", network: net_{t}, cidr: "10.{octets}.0/24" }} scope {{ {site} }}',
            f'resource grp_{t}: openstack.security_group {{ name: "grp-{t}" }} scope {{ {site} }}',
            f'resource key_{t}: openstack.keypair {{ name: "key-{t}", public_key: "ssh-ed25519 AAAA{tenant}" }} scope {{ {site} }}',
            f'resource img_{t}: openstack.image {{ ...base, name: "img-{t}" }} scope {{ image: {site} & {other} }}',
        ]
        for number, image in enumerate(['"debian"', f"img_{t}", '"debian"']):
            scope = [f"compute: {site}, image: {hub}, network: {site}", site, f"compute: {site} | {other}, image: {hub}"][number]
            nics = f", nics: [net_{t}], security_groups: [grp_{t}], keypair: key_{t}" if number < 2 else ""
            before = f"srv_{t}_0" if number == 1 else f"srv_t{draw.randrange(tenant)}_1" if tenant and number == 0 else ""
            after = f" with {{ after: [{before}] }}" if before else ""
            yield_text = f'resource srv_{t}_{number}: openstack.server {{\n    name: "srv-{t}-{number}"\n    flavor: size\n    image: {image}{nics}\n    metadata: labels_{t}\n}} scope {{ {scope} }}{after}'
            resources.append(yield_text)
        left = n - tenant * 8
        yield "\n".join(resources[:left]) + "\n"
    yield "output first = net_t0.id\n"


def layered(n, sites, draw):
    width = max(1, math.isqrt(n))
    for index in range(n):
        layer = index // width
        before = range((layer - 1) * width, layer * width) if layer else []
        after = sorted({draw.choice(before) for _ in range(draw.randint(1, 5))})[:3] if layer else []
        yield thing(f"r{index}", f"s{index % sites}", [f"r{each}" for each in after])


def chain(n, sites, _):
    for index in range(n):
        yield thing(f"r{index}", f"s{index % sites}", [f"r{index - 1}"] if index else [])


def fan(n, sites, _):
    yield thing("first", "s0")
    for index in range(n):
        yield thing(f"r{index}", f"s{index % sites}", ["first"])
    yield thing("last", "s0", [f"r{index}" for index in range(n)])


def copies(n, sites, _):
    everywhere = " & ".join(f"s{site}" for site in range(sites))
    for index in range(max(1, n // sites)):
        yield thing(f"r{index}", everywhere, [f"r{index - 1}"] if index % 4 == 1 else [])


def alternatives(n, sites, draw, of=4):
    for index in range(max(1, n // of)):
        some = draw.sample(range(sites), of) if of < sites else range(sites)
        yield thing(f"r{index}", " | ".join(f"s{site}" for site in some), [f"r{index - 1}"] if index % 4 == 1 else [])


def lets(n, sites, _):
    yield "let v0 = 1\n"
    for index in range(1, n):
        yield f"let v{index} = v{index - 1} + 1\n" if index % 100 else f"let v{index} = 1\n"
        if index % 100 == 99:
            yield f'resource r{index}: http.resource {{ path: "/r{index}", body: {{ value: v{index} }} }} scope {{ s{index % sites} }}\n'


def native(n, sites, _):
    for index in range(n):
        scope = f"--os-scope {{image: s{index % sites}}}"
        yield [
            f"$ openstack image create img-{index} {scope}\n",
            f"$ openstack image show img-{index - 1} {scope}\n",
            f"$ openstack image list {scope}\n",
        ][index % 3]


def delete(n, sites, _):
    for index in range(n // 2):
        yield f'resource img{index}: openstack.image {{ name: "img-{index}" }} scope {{ s{index % sites} }}\n'
    for index in range(n // 2):
        yield f"$ openstack image delete old-{index} --os-scope {{image: s{index % sites}}}\n"


def links(n, sites, _):
    pairs = ((a, b) for a in range(sites) for b in range(a) if a and a // 10 * 10 != b)
    for _, (a, b) in zip(range(n), pairs):
        yield f"link s{a} -- s{b} {{ rtt: 9ms, bandwidth: 1Gbps }}\n"
    for site in range(sites):
        yield thing(f"r{site}", f"s{site}")


def exist(n, sites, _):
    for index in range(n):
        yield thing(f"r{index}", f"s{index % sites}", kind="existing")


def outputs(n, sites, _):
    for index in range(n):
        yield thing(f"r{index}", f"s{index % sites}")
        yield f"output o{index} = r{index}.path\n"


def wide(n, sites, _):
    for index in range(n):
        yield f'resource net{index}: openstack.network {{ name: "net-{index}" }} scope {{ s0 }}\n'
    nics = ", ".join(f"net{index}" for index in range(n))
    yield f'resource vm: openstack.server {{ name: "vm", flavor: "small", image: "debian", nics: [{nics}] }} scope {{ s0 }}\n'


SHAPES = {
    "fleet": (fleet, "openstack"), "layered": (layered, "http"), "chain": (chain, "http"), "fan": (fan, "http"),
    "and": (copies, "http"), "or": (alternatives, "http"), "lets": (lets, "http"), "native": (native, "openstack"),
    "orlong": (lambda n, sites, draw: alternatives(n, sites, draw, sites), "http"),
    "delete": (delete, "openstack"), "links": (links, "http"), "exist": (exist, "http"), "outputs": (outputs, "http"),
    "wide": (wide, "openstack"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("n", type=int)
    parser.add_argument("--sites", type=int, default=300)
    arguments = parser.parse_args()
    body, driver = SHAPES[arguments.shape]
    parts = [*header(arguments.sites, driver), *body(arguments.n, arguments.sites, random.Random(1))]
    print("".join(parts), end="")


if __name__ == "__main__":
    main()
