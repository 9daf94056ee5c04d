"""The digest of what code means: a function, and every function, class and constant it reaches.

Comments, docstrings, blanks and type hints of functions say nothing to the machine and are left
out; a changed function further down changes the digest of all that call it. The source is read,
never imported, so asking costs no torch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from colonnade.records import Digest, digest_of

PACKAGE = "colonnade"
PLUMBING = ("colonnade.store", "colonnade.pipeline.context", "colonnade.records.errors")
"""Rooms that move and name results without shaping them; a change there rebuilds nothing."""

_REGISTERED = re.compile(rf"^{PACKAGE}(\.\w+)+:\w+$")


class Name(NamedTuple):
    """A top-level name of a module."""

    module: str
    name: str


class _Module(NamedTuple):
    """A module as its source has it; ``known`` keeps what was worked out of a definition once."""

    definitions: dict[str, ast.stmt]
    imports: dict[str, Name]
    known: dict[str, tuple[str, tuple[Name, ...]]]


class _Sources(NamedTuple):
    """The modules below a root, each read once for one question."""

    root: Path
    modules: dict[str, _Module]

    def module(self, name: str) -> _Module:
        """The module of this name; an empty one where there is no file."""
        if name not in self.modules:
            self.modules[name] = _module(name, self.root)
        return self.modules[name]


def meaning(entry: str, root: Path | None = None) -> Digest:
    """The digest of ``module:function`` and of everything of ours that it reaches.

    Args:
        entry: for instance ``colonnade.pipeline.stages.gate:decide``.
        root: the folder that holds the package; by default the one this file lies in.
    """
    sources = _Sources(root or Path(__file__).parents[2], {})
    module, _, function = entry.partition(":")
    reached: dict[Name, str] = {}
    waiting = [Name(module, function)]
    while waiting:
        name = _resolve(waiting.pop(), sources)
        if name is None or name in reached or name.module.startswith(PLUMBING):
            continue
        reached[name], references = _known(name, sources.module(name.module))
        waiting.extend(references)
    return digest_of(sorted([name.module, name.name, dump] for name, dump in reached.items()))


def _known(name: Name, module: _Module) -> tuple[str, tuple[Name, ...]]:
    """What a definition says, and what it refers to; both follow from its module alone."""
    if name.name not in module.known:
        node = module.definitions[name.name]
        module.known[name.name] = (_dump(node), tuple(dict.fromkeys(_references(node, name.module, module))))
    return module.known[name.name]


def _resolve(name: Name, sources: _Sources) -> Name | None:
    """Where a name is really defined, following the doors of rooms; none for what is not ours."""
    for _ in range(10):
        if not name.module.startswith(PACKAGE):
            return None
        module = sources.module(name.module)
        if name.name in module.definitions:
            return name
        if name.name not in module.imports:
            return None
        name = module.imports[name.name]
    return None


def _references(node: ast.stmt, module: str, known: _Module) -> Iterator[Name]:
    local = dict(known.imports)
    for part in ast.walk(node):
        if isinstance(part, ast.ImportFrom | ast.Import):
            local.update(_imports_of(part, module))
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            if part.id in known.definitions:
                yield Name(module, part.id)
            elif part.id in local:
                yield local[part.id]
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in local:
            target = local[part.value.id]
            yield Name(f"{target.module}.{target.name}" if target.name else target.module, part.attr)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and _REGISTERED.match(part.value):
            yield Name(*part.value.split(":"))


def _module(name: str, root: Path) -> _Module:
    file = root.joinpath(*name.split("."))
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    if not file.is_file():
        return _Module({}, {}, {})
    return _parse(name, file.read_text(encoding="utf-8"), file.name == "__init__.py")


@lru_cache(maxsize=512)
def _parse(name: str, source: str, is_package: bool) -> _Module:
    definitions: dict[str, ast.stmt] = {}
    imports: dict[str, Name] = {}
    home = name if is_package else name.rpartition(".")[0]
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            definitions.update({target.id: node for target in node.targets if isinstance(target, ast.Name)})
            for target in node.targets:
                if isinstance(target, ast.Tuple):
                    definitions.update({part.id: node for part in target.elts if isinstance(part, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            definitions[node.target.id] = node
        elif isinstance(node, ast.ImportFrom | ast.Import):
            imports.update(_imports_of(node, f"{home}._"))
    return _Module(definitions, imports, {})


def _imports_of(node: ast.ImportFrom | ast.Import, module: str) -> dict[str, Name]:
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: Name(
                alias.name if alias.asname else alias.name.partition(".")[0], ""
            )
            for alias in node.names
        }
    source = node.module or ""
    if node.level:
        parts = module.split(".")[: -node.level]
        source = ".".join([*parts, *([source] if source else [])])
    return {alias.asname or alias.name: Name(source, alias.name) for alias in node.names}


class _Bare(ast.NodeTransformer):
    """Takes docstrings and the type hints of functions away."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:  # ast's own naming
        node.returns = None
        for argument in (
            *node.args.posonlyargs,
            *node.args.args,
            *node.args.kwonlyargs,
            node.args.vararg,
            node.args.kwarg,
        ):
            if argument is not None:
                argument.annotation = None
        return self._without_docstring(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815  # same treatment

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:  # ast's own naming
        return self._without_docstring(node)

    def _without_docstring(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:] or [ast.Pass()]
        return node


@lru_cache(maxsize=4096)
def _dump(node: ast.stmt) -> str:
    copy = ast.parse(ast.unparse(node)).body[0]
    return ast.dump(_Bare().visit(copy))
