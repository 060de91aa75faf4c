"""How much memory a run will need, before it starts. An estimate from sizes alone; what was measured stands in README.md."""

from dataclasses import dataclass

from finetune.recipe import Recipe

BYTES_PER_WEIGHT = {"float32": 4.0, "bfloat16": 2.0, "nf4": 0.55}
"""NF4 with double quantisation: half a byte, and its scales (Dettmers et al. 2023, § 3). Embeddings stay in 16 bits."""
ADAM_BYTES = {"adamw_torch": 8, "adamw_8bit": 2, "paged_adamw_8bit": 2}
LINEAR_WIDTHS = 22
"""Σ (in + out) of a block's seven projections over the hidden size, for the families of the recipes (from 17 to 26)."""
ACTIVATIONS = 34
"""Bytes a token, layer and hidden unit in 16 bits without checkpointing (Korthikanti et al. 2022, eq. 2, without attention scores)."""
SAFETY = 1.15


@dataclass(frozen=True)
class Estimate:
    """GiB by what they are for. ``total`` has a margin for fragmentation."""

    weights: float
    adapter: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """What should be free."""
        return SAFETY * (self.weights + self.adapter + self.activations + self.logits)


def adapter_parameters(recipe: Recipe) -> int:
    """Trainable parameters of LoRA on all linear projections: rank × (in + out) of each."""
    model = recipe.model
    return int(recipe.adapter.rank * LINEAR_WIDTHS * model.hidden_size * model.n_layers)


def estimate(recipe: Recipe, precision: str) -> Estimate:
    """Memory of one process.

    Args:
        precision: ``float32`` or ``bfloat16``, what activations are in.
    """
    model, training = recipe.model, recipe.training
    gib = 2**30
    width = BYTES_PER_WEIGHT[precision]
    embeddings = model.vocabulary * model.hidden_size
    stored = BYTES_PER_WEIGHT["nf4"] if recipe.adapter.method == "qlora" else width
    weights = (model.parameters - embeddings) * stored + embeddings * width
    adapter = adapter_parameters(recipe) * (4 + 4 + ADAM_BYTES[training.optimizer])
    tokens = training.batch_size * recipe.data.max_length
    per_layer = width / 2 * (2 if training.gradient_checkpointing else ACTIVATIONS)
    activations = tokens * model.hidden_size * (per_layer * model.n_layers + width / 2 * ACTIVATIONS)
    # The loss needs logits and their gradient in 32 bits.
    logits = tokens * model.vocabulary * (4 + width)
    return Estimate(weights / gib, adapter / gib, activations / gib, logits / gib)


def as_text(found: Estimate) -> str:
    """One line for people."""
    return (
        f"about {found.total:.1f} GiB a process (weights {found.weights:.1f}, adapter and optimiser {found.adapter:.1f}, "
        f"activations {found.activations:.1f}, logits {found.logits:.1f}, and a margin)"
    )
