"""What is done with the slopes, and how one reads a training run."""

from __future__ import annotations

from bpkit.exercises.interview._form import question, right, wrong

EXERCISES = (
    question(
        "stuck_neuron",
        "One sigmoid neuron under cross-entropy stays at a loss of 0.4. A colleague says: a local minimum. You answer?",
        wrong(
            "Yes: restart with other weights and take the best of ten runs",
            "restart-it",
            "Restarts are the usual remedy for hidden layers. Here every start leads to the same place.",
            "What shape has the loss of one neuron as a function of w?",
        ),
        wrong(
            "Yes: a larger step would carry it out of this minimum",
            "jump-out",
            "Noise and large steps do leave narrow valleys. For that, there must be a second one.",
            "How many minima has a convex function?",
        ),
        right("No: its loss is convex; try the rate, the steps, the features"),
        wrong(
            "No: 0.4 is a saddle, and it will fall if you wait for long enough",
            "a-saddle",
            "In high dimensions saddles are more common than minima, as one reads. A convex loss has neither kind.",
            "Along which direction would it curve downwards?",
        ),
        why="One neuron with cross-entropy has no local minima; two layers have.",
        look="Lesson 07, on minima.",
    ),
    question(
        "first_step_of_adam",
        "Adam, rate 0.001. In the first step one weight has the gradient 50, another 0.02. How far do they move?",
        right("Both about 0.001, whatever the size of their gradients"),
        wrong(
            "0.05 and 0.00002, each of them its gradient times the rate",
            "plain-descent",
            "This is plain gradient descent. Adam divides by something.",
            "What are m̂ and √v̂ after one step, for a gradient g?",
        ),
        wrong(
            "Both about 0.0001, as m holds a tenth of the gradient",
            "no-bias-correction",
            "m does hold a tenth, and v a thousandth. Adam knows that its averages start from 0.",
            "What does the division by 1 − beta^t do at t = 1?",
        ),
        wrong(
            "About 0.007 and 0.00014, as it divides by the root of g",
            "root-of-gradient",
            "A root does stand below. It is taken of an average of squares.",
            "What is the root of g²?",
        ),
        why="m̂/√v̂ is g/|g| in the first step: only the sign is left.",
        look="Lesson 07, `adam_step` with t = 1.",
    ),
    question(
        "which_clipping_keeps_the_direction",
        "Gradients of three layers are too long. Which way of clipping keeps the direction of the step?",
        wrong(
            "Each entry to the range −1 to 1",
            "by-value",
            "Entries within the range stay as they are, so it looks gentle. The large ones alone are cut.",
            "What becomes of (10, 1)?",
        ),
        wrong(
            "Each layer's gradient to a norm of 1",
            "layer-by-layer",
            "Within a layer, the direction stays. The step is one vector over all layers.",
            "If layer 1 was ten times as long as layer 3, what is it now?",
        ),
        wrong(
            "Each of the three ways does, in the mean",
            "all-of-them",
            "On average over many steps this may look so. The question is about one step.",
            "Which of them multiplies everything by one number?",
        ),
        right("All together to one norm, by one factor"),
        why="One factor for everything: shorter, never turned.",
        look="Lesson 08, three ways of clipping and their cosines.",
    ),
    question(
        "is_it_exponential",
        "A course calls lr0/(1 + k·t) “exponential decay”. How do you show in one line that it is not?",
        wrong(
            "It never gets to 0, and exponential decay does get there",
            "reaches-zero",
            "Exponential decay soon looks like 0 in a plot. It never gets there either.",
            "Is exp(−x) ever 0?",
        ),
        right("Ratios of successive rates differ; they should be constant"),
        wrong(
            "Differences of successive rates differ; they should be constant",
            "constant-differences",
            "Constant differences belong to a straight line. Think of what “half-life” means.",
            "What stays the same from step to step in exp(−k·t)?",
        ),
        wrong(
            "There is no e in the formula, so it cannot be exponential",
            "no-e-in-it",
            "0.9 to the power t has no e either, and is exponential. What counts is how it falls.",
            "How can 0.9^t be written with e?",
        ),
        why="Equal steps, equal ratios: a straight line on a log axis.",
        look="Lesson 07, the schedules on a log axis.",
    ),
    question(
        "rising_loss_steady_accuracy",
        "On unseen data the loss has risen for ten epochs, while the accuracy has not changed. How can that be?",
        wrong(
            "It cannot: one of the two is computed on the wrong data",
            "a-bug",
            "They usually move together, so a bug is a fair first thought. They measure different things.",
            "What happens to each when a wrong answer gets surer?",
        ),
        wrong(
            "The learning rate is too large for the end of training",
            "rate-too-large",
            "A large rate makes curves restless. It would shake the training loss as well.",
            "Which of the two numbers knows how sure the model is?",
        ),
        right("It is surer and surer, also of the answers it gets wrong"),
        wrong(
            "The loss includes the training data, the accuracy does not",
            "other-data",
            "If one function sees other rows, strange pairs appear. Here both are said to be of unseen data.",
            "What is −log p when p goes from 0.1 to 0.001?",
        ),
        why="Accuracy asks who is first, cross-entropy how sure: it pays for certainty.",
        look="Lesson 11, loss and accuracy of the digits.",
    ),
)
