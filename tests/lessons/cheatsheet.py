"""Where each statement of the cheatsheet is taught, judged or mended: its words in short, and the cells that speak of it.

A cell is named by its lesson's number, its id, and a word or formula of it that belongs to the statement. The order is
that of the cheatsheet. `python -m tests.pages` makes docs/cheatsheet.md from this table.
"""

from tests.lessons.lesson_12 import CHEATSHEET as QUESTIONS

Cell = tuple[str, str, str]  # lesson, cell id, what stands in the cell

IDEAS: dict[str, tuple[Cell, ...]] = {
    "what backpropagation is: errors, carried backwards": (
        ("01", "short-form", "backward propagation of errors"),
        ("02", "backprop-named", "**backpropagation** for a network"),
    ),
    "why it matters: a network learns by changing its own numbers": (
        ("00", "descend-it", "what should become small"),
        ("01", "training-loop", "**Forward, loss, backward, update**"),
    ),
    "why it matters: all slopes for a small price": (
        ("00", "rates-answer", "two evaluations of the loss for every dial"),
        ("10", "passes", "passes for backward: 1 forward, 1 back"),
    ),
    "why it matters: many layers can be trained": (
        ("02", "backprop-named", "For a hundred layers"),
        ("08", "digits-answer", "With He all five seeds succeed"),
    ),
    "what a loss function is, and that training makes it small": (
        ("01", "how-wrong", "A **loss** is one number"),
        ("03", "what-turned", "A **loss function** makes one number of all residuals"),
    ),
    "why losses matter: they measure": (
        ("01", "how-wrong", "small when the predictions are good"),
        ("03", "what-turned", "training makes that number small"),
    ),
    "why losses matter: their gradient says where to go": (("05", "three-costs", "no gradient can follow it"),),
    "why losses matter: each problem has its own": (
        ("03", "mended-answer", "A loss is a question, and you choose which"),
        ("04", "interview", "MSE for numbers"),
    ),
}

STEPS: dict[str, tuple[Cell, ...]] = {
    "forward pass": (("01", "computes", "weighted sum"), ("02", "dense-text", "Z = X @ W + b")),
    "loss calculation": (("01", "how-wrong", "How wrong is it?"),),
    "backward pass": (
        ("01", "first-link", "We walk it **backwards**"),
        ("02", "network-backward-text", "from right to left"),
    ),
    "parameter update": (("00", "descend-it", "step against it"), ("01", "two-steps-run", "gradient_step(")),
    "chain rule, its formula": (
        ("00", "chain-symbols", r"f'(g(x)) \cdot g'(x)"),
        ("00", "two-routes", r"\frac{d\,\text{loss}}{d\,\text{output}}"),
        ("00", "two-routes-answer", "add over the routes"),
    ),
    "gradient descent, its formula": (("00", "descend-it", r"w \leftarrow w - \text{lr} \cdot \text{gradient}"),),
    "the learning rate controls the step": (("00", "rates", "for lr in"), ("00", "rates-answer", "1.1")),
}

LOSSES: dict[str, tuple[Cell, ...]] = {
    "mean squared error": (
        ("03", "what-turned", "**mean squared error**"),
        ("03", "mean-median-answer", "the **mean**"),
    ),
    "binary cross-entropy": (
        ("01", "how-wrong", "**binary cross-entropy**"),
        ("04", "memory-answer", "lesson 1's loss can be mended"),
    ),
    "cross-entropy as a difference of two distributions": (("04", "soft-floor", "two distributions"),),
    "categorical cross-entropy": (("04", "mended-answer", "**categorical cross-entropy**"),),
    "sparse categorical cross-entropy": (
        ("04", "sparse-text", "called **sparse**"),
        ("04", "memory-answer", "a thousandth of the memory"),
    ),
    "hinge loss, and the examples close to the border": (
        ("05", "hinge-text", r"\max(0,\; 1 - y_i s_i)"),
        ("05", "svm-agrees", "**support vectors**"),
    ),
    "Huber loss": (("03", "mean-median-answer", "squares near 0 and distances far away"),),
    "triplet loss, and embeddings": (
        ("05", "rare-answer", "The **triplet loss**"),
        ("11", "knob-answer", "It learns an **embedding**"),
    ),
}

ACTIVATIONS: dict[str, tuple[Cell, ...]] = {
    "they bend what a linear layer gives": (("02", "relu-text", "**non-linearity**"),),
    "their choice decides how the gradient flows": (
        ("06", "the-question", "what does it do to the gradient that comes back through it?"),
        ("06", "knob-answer", "At 3 they part"),
    ),
    "sigmoid": (("01", "computes", r"\frac{1}{1 + e^{-z}}"),),
    "sigmoid: vanishing gradients": (("06", "ten-layers-answer", "**vanishing gradients**"),),
    "ReLU": (("02", "relu-text", r"\text{relu}(z) = \max(z, 0)"),),
    "ReLU: dying units": (
        ("06", "the-question", "The network has gone blind"),
        ("06", "knob-answer", "but can die"),
    ),
    "tanh, a sigmoid about zero": (
        ("06", "the-question", r"\tanh(z) = \frac{e^{z} - e^{-z}}{e^{z} + e^{-z}}"),
        ("06", "ten-layers-answer", "Similar to the sigmoid but centred"),
    ),
    "softmax": (
        ("04", "report-question", r"p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}"),
        ("06", "jacobian-answer", "It saturates as the sigmoid does"),
    ),
}

EXAMPLES: dict[str, tuple[Cell, ...]] = {
    "the drawing of two layers, forward: ReLU, then sigmoid": (
        ("02", "relu-text", "the drawing in the cheatsheet"),
        ("02", "whole-network", '("relu", "dense 2"'),
    ),
    "the drawing, backward: dA2, dW2, db2, dA1, dW1, db1": (
        ("02", "dense-backward-text", r"X^\mathsf{T} dZ"),
        ("02", "network-backward-text", "dz_2"),
    ),
    "the drawing's updates": (("02", "mended", "gradient_step("),),
    "one neuron: forward and loss": (("01", "computes", "-0.8473"), ("01", "how-wrong", "our cat")),
    "one neuron: dL/da": (("01", "first-link", r"\frac{dL}{da}"),),
    "one neuron: da/dz": (("01", "second-link", r"\frac{da}{dz}"),),
    "one neuron: dz/dw and dz/db": (("01", "third-link", "along $b$ slope 1"),),
    "one neuron: the product of the links, and how it shortens": (("01", "short-form", "&= a - y"),),
    "one neuron: the update": (("01", "two-steps-run", "lr=0.5"),),
    "the NumPy program, its numbers and its two losses": (
        ("02", "program-text", "A program from a cheatsheet"),
        ("02", "program", "0.05, 0.10"),
    ),
    "the program's gradient is not that of its loss": (
        ("02", "sum-for-mean", "follows the gradient of their **sum**"),
    ),
    "the program's sigmoid_derivative": (("02", "mended-answer", "`sigmoid_derivative`"),),
    "where the program's numbers come from": (("02", "famous-text", "a worked example"),),
    "the step is repeated until the loss settles": (("01", "training-loop", "then again"),),
}

APPLICATIONS: dict[str, tuple[Cell, ...]] = {
    "image recognition": (
        ("11", "rival-text", "1,797 handwritten digits"),
        ("11", "read-answer", "About 98 % right"),
        ("11", "try-it", "what convolutions are for"),
    ),
    "medical diagnosis": (
        ("01", "tumours-text", "569 tumours"),
        ("05", "rare-answer", "malignant"),
    ),
    "language, speech, recommendations, prices, robots": (("11", "one-image-answer", "language, speech"),),
    "cat or dog: 0.3 for a label of 1, in six steps": (
        ("01", "cat-text", "A cat that is called a dog"),
        ("11", "embedding-answer", "The cat, closed"),
        ("11", "one-image-answer", "0.3"),
    ),
}

JUDGEMENTS: dict[str, tuple[Cell, ...]] = {
    "strength: it scales to many layers and parameters": (
        ("10", "passes", "numbers_in_all"),
        ("08", "time-answer", "the square of the width"),
    ),
    "strength: it learns what holds for unseen data": (
        ("11", "read-answer", "level with the rival"),
        ("11", "too-long-answer", "**overfitting**"),
    ),
    "strength: any architecture": (("10", "memory-text", "do not change if you change the network"),),
    "strength: automatic differentiation": (("10", "again-answer", "**automatic differentiation**"),),
    "weakness: gradients vanish or explode": (
        ("06", "ten-layers-answer", "one millionth is left"),
        ("08", "verdict-answer", "$10^{36}$"),
        ("09", "invariance-answer", "vanishing and exploding gradients"),
    ),
    "cure: ReLU": (("08", "verdict-answer", "**The ReLU alone decides nothing.**"),),
    "cure: batch normalisation": (
        ("08", "verdict-answer", "Batch norm gets a verdict too"),
        ("09", "verdict", "It makes a bad start matter little"),
        ("09", "invariance-answer", "how fast they turn"),
    ),
    "cure: gradient clipping": (("08", "direction-answer", "Only the global norm keeps the direction"),),
    "cure: careful initialisation": (("08", "digits-answer", "**Careful initialisation**"),),
    "weakness: local minima": (
        ("01", "bowl-answer", "a single bowl without local minima"),
        ("02", "xor-table-answer", "*local minima*"),
        ("07", "stuck-answer", "**saddle point**"),
    ),
    "weakness: computational cost": (
        ("08", "time", "perf_counter()"),
        ("08", "time-answer", "four times the entries"),
    ),
    "weakness: memory for stored activations": (
        ("08", "memory-answer", "1,343,488 bytes"),
        ("10", "memory-answer", "training remembers every intermediate value"),
    ),
    "weakness: sensitive to hyperparameters": (
        ("11", "rare-answer", "sensitive to hyperparameter tuning"),
        ("11", "knob-answer", "tune the rate first"),
    ),
    "strength of losses: a measure, and a guide": (("03", "what-turned", "training makes that number small"),),
    "strength of losses: made for the task": (("03", "mean-median-answer", "at the **median**"),),
    "weakness of losses: outliers": (("03", "mended-answer", "highly sensitive to outliers"),),
    "weakness of losses: the choice is difficult": (
        ("03", "mended-answer", "Nobody is wrong"),
        ("04", "interview", "when do you use which?"),
    ),
    "weakness of losses: bias, and rare classes": (
        ("05", "rare-answer", "a loss brings a **bias** with it"),
        ("11", "rare-answer", "most of the eights are lost"),
    ),
    "weakness of losses: a surrogate for what one wants": (
        ("05", "three-costs", "**surrogate loss**"),
        ("05", "interview", "Why do we not train on accuracy itself?"),
        ("11", "too-long-answer", "accuracy has no slope"),
    ),
}

# Each question of the cheatsheet by its beginning, as in lesson_12: what its cells there ask, and where else it is answered.
_ASKED: dict[str, tuple[tuple[str, ...], tuple[Cell, ...]]] = {
    "Explain the concept of backpropagation": (
        ("What exactly does backpropagation compute?", "Explain backpropagation"),
        (("01", "interview", "What is backpropagation, in one sentence?"),),
    ),
    "What is the chain rule": (("two routes",), (("00", "chain-symbols", "**chain rule**"),)),
    "What are vanishing gradients": (
        ("Forty sigmoid layers", "Forty layers again", "gradient clipping and careful weight initialisation"),
        (("08", "interview", "What are vanishing and exploding gradients"),),
    ),
    "How does the learning rate affect": (
        ("you double a rate",),
        (
            ("07", "perfect-rate", "too large oscillates or diverges"),
            ("07", "clock-answer", "a **schedule**"),
            ("07", "exponential", "**Exponential.**"),
        ),
    ),
    "What is the difference between batch gradient descent": (
        ("batch, stochastic and mini-batch",),
        (
            ("07", "batches", "**mini-batch** a few"),
            ("07", "clock-answer", "batch is slow but stable"),
            ("07", "interview", "batch, stochastic and mini-batch"),
        ),
    ),
    "What is a loss function": (("What is a loss function for",), (("01", "how-wrong", "A **loss** is one number"),)),
    "Explain the difference between MSE, BCE, and CCE": (
        ("which of ten digits",),
        (("04", "interview", "difference between MSE, binary and categorical cross-entropy"),),
    ),
    "What is the difference between Categorical Crossentropy": (
        ("*sparse* categorical cross-entropy",),
        (("04", "memory-answer", "one entry for each row"),),
    ),
    "Why is cross-entropy often preferred": (
        ("Why does cross-entropy learn from this faster",),
        (
            ("01", "interview", "Why does cross-entropy teach it faster"),
            ("04", "taught-wrong-answer", "steep exactly where softmax is flat"),
        ),
    ),
    "How does the choice of loss function affect": (
        ("from MSE", "Which loss do you train with"),
        (("03", "mended-answer", "Squares lose nine tenths"),),
    ),
}


def _question(beginning: str) -> tuple[Cell, ...]:
    asked, answered = _ASKED[beginning]
    return tuple(("12", id, words) for id, words in zip(QUESTIONS[beginning], asked, strict=True)) + answered


INTERVIEW = {f"{beginning} …": _question(beginning) for beginning in QUESTIONS}

TABLE = {
    "What it is and why it matters": IDEAS,
    "The steps and their formulas": STEPS,
    "Losses": LOSSES,
    "Activations": ACTIVATIONS,
    "The examples": EXAMPLES,
    "Applications": APPLICATIONS,
    "Strengths and weaknesses": JUDGEMENTS,
    "Interview questions": INTERVIEW,
}
