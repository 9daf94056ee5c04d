"""The packaged encoder as an ONNX graph, built from its weights, and the same with weights of eight bits.

Only making the file needs the package ``onnx``; reading it needs ``onnxruntime``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colonnade.models.transformer import EPSILON, HEADS, LAYERS, WIDTH, Weights

OPSET = 17
"""The first that has LayerNormalization; every onnxruntime since 1.12 reads it."""


class _Graph:
    """Nodes and constants, appended in the order in which they run."""

    def __init__(self, weights: Weights) -> None:
        from onnx import helper, numpy_helper

        self.helper, self._tensor = helper, numpy_helper.from_array
        self.weights, self.nodes, self.constants = weights, list[Any](), dict[str, Any]()

    def constant(self, name: str, value: Any) -> str:
        self.constants.setdefault(name, self._tensor(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], name: str, **settings: Any) -> str:
        self.nodes.append(self.helper.make_node(kind, list(inputs), [name], name, **settings))
        return name

    def linear(self, state: str, name: str) -> str:
        kernel = self.constant(f"{name}.kernel", self.weights[f"{name}.weight"].T)
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.node("Add", [self.node("MatMul", [state, kernel], f"{name}.product"), bias], f"{name}.sum")

    def normalise(self, state: str, name: str) -> str:
        both = [self.constant(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in ("weight", "bias")]
        return self.node("LayerNormalization", [state, *both], f"{name}.out", axis=-1, epsilon=EPSILON)

    def heads(self, state: str, name: str, order: Sequence[int]) -> str:
        """The state cut into heads: shape (texts, heads, tokens, width of a head), its last two as ``order`` says."""
        shape = self.constant("shape.heads", np.array([0, 0, HEADS, WIDTH // HEADS], dtype=np.int64))
        cut = self.node("Reshape", [self.linear(state, name), shape], f"{name}.cut")
        return self.node("Transpose", [cut], f"{name}.heads", perm=[0, 2, *order])


def build_graph(weights: Weights) -> Any:
    """The model with the inputs ``tokens`` and ``mask`` and the output ``pooled``, before it is normalised.

    Raises:
        ModuleNotFoundError: where ``onnx`` is not installed.
    """
    from onnx import TensorProto

    graph = _Graph(weights)
    state = _embed(graph)
    floats = graph.node("Cast", ["mask"], "mask.floats", to=TensorProto.FLOAT)
    hidden = graph.node("Sub", [graph.constant("one", np.float32(1)), floats], "mask.hidden")
    hidden = graph.node("Mul", [hidden, graph.constant("far", np.float32(-1e9))], "mask.far")
    hidden = graph.node("Unsqueeze", [hidden, graph.constant("axes.mask", np.array([1, 2]))], "mask.scores")
    for layer in range(LAYERS):
        state = _layer(graph, state, f"encoder.layer.{layer}", hidden)
    _pool(graph, state, floats)
    inputs = [
        graph.helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "length"]) for name in ("tokens", "mask")
    ]
    pooled = graph.helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["texts", WIDTH])
    made = graph.helper.make_graph(graph.nodes, "encoder", inputs, [pooled], list(graph.constants.values()))
    return graph.helper.make_model(made, opset_imports=[graph.helper.make_opsetid("", OPSET)], ir_version=8)


def write_eight_bits(weights: Weights, whole: Path, small: Path) -> None:
    """Write the graph, and the graph with the weights of its products in eight bits, one scale per column.

    Source: Jacob et al., Quantization and training of neural networks, 2018; activations are scaled as they come.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnx.save(build_graph(weights), str(whole))
    # It advises to preprocess the graph, of which it then changes nothing, through the root logger.
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(
            str(whole), str(small), op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8
        )
    finally:
        logging.disable(before)


def _embed(graph: _Graph) -> str:
    table = graph.constant("words", graph.weights["embeddings.word_embeddings.weight"])
    places = (
        graph.weights["embeddings.position_embeddings.weight"]
        + graph.weights["embeddings.token_type_embeddings.weight"][0]
    )
    words = graph.node("Gather", [table, "tokens"], "words.found")
    size = graph.node("Shape", ["tokens"], "tokens.shape")
    length = graph.node("Gather", [size, graph.constant("second", np.array([1]))], "tokens.length")
    zero, axis = graph.constant("zero", np.array([0])), graph.constant("axis", np.array([0]))
    seen = graph.node("Slice", [graph.constant("places", places), zero, length, axis], "places.seen")
    return graph.normalise(graph.node("Add", [words, seen], "embedded"), "embeddings.LayerNorm")


def _layer(graph: _Graph, state: str, name: str, hidden: str) -> str:
    own = f"{name}.attention.self"
    query = graph.heads(state, f"{own}.query", (1, 3))
    key = graph.heads(state, f"{own}.key", (3, 1))
    value = graph.heads(state, f"{own}.value", (1, 3))
    scale = graph.constant("scale", np.float32(1 / math.sqrt(WIDTH // HEADS)))
    scores = graph.node("Mul", [graph.node("MatMul", [query, key], f"{own}.raw"), scale], f"{own}.scaled")
    shares = graph.node("Softmax", [graph.node("Add", [scores, hidden], f"{own}.masked")], f"{own}.shares", axis=-1)
    seen = graph.node("MatMul", [shares, value], f"{own}.seen")
    joined = graph.node("Transpose", [seen], f"{own}.joined", perm=[0, 2, 1, 3])
    shape = graph.constant("shape.joined", np.array([0, 0, WIDTH], dtype=np.int64))
    flat = graph.linear(graph.node("Reshape", [joined, shape], f"{own}.flat"), f"{name}.attention.output.dense")
    state = graph.normalise(
        graph.node("Add", [flat, state], f"{name}.attention.both"), f"{name}.attention.output.LayerNorm"
    )
    inner = graph.linear(state, f"{name}.intermediate.dense")
    bent = graph.node("Mul", [inner, graph.constant("root", np.float32(math.sqrt(0.5)))], f"{name}.bent")
    bent = graph.node("Add", [graph.node("Erf", [bent], f"{name}.erf"), "one"], f"{name}.raised")
    half = graph.node("Mul", [inner, graph.constant("half", np.float32(0.5))], f"{name}.half")
    outer = graph.linear(graph.node("Mul", [half, bent], f"{name}.gelu"), f"{name}.output.dense")
    return graph.normalise(graph.node("Add", [outer, state], f"{name}.both"), f"{name}.output.LayerNorm")


def _pool(graph: _Graph, state: str, floats: str) -> None:
    kept = graph.node("Unsqueeze", [floats, graph.constant("axes.last", np.array([2]))], "kept")
    middle = graph.constant("axes.middle", np.array([1]))
    masked = graph.node("Mul", [state, kept], "state.kept")
    total = graph.node("ReduceSum", [masked, middle], "state.total", keepdims=0)
    count = graph.node("ReduceSum", [kept, middle], "kept.count", keepdims=0)
    graph.node("Div", [total, count], "pooled")
