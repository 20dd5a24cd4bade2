"""The opening: what the field's plain words mean."""

from __future__ import annotations

from bpkit.exercises.interview._form import question, right, wrong

EXERCISES = (
    question(
        "what_backpropagation_computes",
        "What exactly does backpropagation compute?",
        wrong(
            "The new weights, each one moved a little against its share of the error",
            "update-inside",
            "Many pages tell both in one breath, since the update always follows. But Adam and plain descent update "
            "differently from the same backward pass.",
            "Which part of a training step changes when you change the optimiser?",
        ),
        right("The slope of the loss with respect to every weight and every bias"),
        wrong(
            "The target of every hidden unit, from which its own error then follows",
            "hidden-targets",
            "“Error flows backwards” sounds as if each unit had a right answer to miss. No such target exists for a hidden unit.",
            "What does the number that arrives at a hidden unit say about the loss?",
        ),
        wrong(
            "The change of the loss when every weight in turn is nudged up and down",
            "finite-differences",
            "That measures the same numbers, and you used it as a ruler. It needs two forward passes for each weight.",
            "How many passes would a million weights take?",
        ),
        why="Slopes, and nothing else: what is done with them is the optimiser's business.",
        look="Lesson 01, the four parts of a training step: which of them does `neuron_backward` do?",
    ),
    question(
        "what_a_loss_can_do",
        "What is a loss function for: what must it do that accuracy cannot?",
        wrong(
            "Stay between 0 and 1, so that two different models can be compared",
            "bounded",
            "Scores that people compare are often shares. Cross-entropy has no upper bound, and training never misses one.",
            "What is the loss of p = 0.0001 on the right class?",
        ),
        wrong(
            "Count how many predictions are wrong, with every error weighing the same",
            "counts-errors",
            "That is what we care about in the end, so it seems the honest thing to train on. Now move one weight by 0.001.",
            "By how much does the count change, and what slope is that?",
        ),
        wrong(
            "Reach exactly 0 as soon as the model is as good as it can become",
            "reaches-zero",
            "A loss of 0 looks like the natural goal. With noisy targets, no model reaches it, and the best one is still the best.",
            "What is the smallest MSE when two equal inputs have different targets?",
        ),
        right("Change a little when a weight changes a little, so that it has a slope"),
        why="Training needs a slope everywhere; the count of errors has slope 0 wherever it has one.",
        look="Lesson 04, where the loss falls while the accuracy stands still.",
    ),
    question(
        "which_loss_for_which_task",
        "House prices; spam or not spam; which of ten digits. Which three losses do you begin with?",
        wrong(
            "MSE in all three cases, since any target can be written as a number",
            "mse-for-all",
            "It is defined for all three, and it even trains. Through a sigmoid, though, a confident error sends back almost no slope.",
            "What happens to a(1 − a) when a is nearly 0?",
        ),
        wrong(
            "MSE, then categorical cross-entropy on one output, then binary cross-entropy",
            "two-and-ten-swapped",
            "The names are easy to swap: categories exist in both tasks. A softmax over one single output, however, is always 1.",
            "How many outputs does each of the two losses expect?",
        ),
        right("MSE, then binary cross-entropy, then categorical cross-entropy"),
        wrong(
            "Binary cross-entropy in all three cases, once targets lie between 0 and 1",
            "bce-for-all",
            "Scaled prices fit between 0 and 1, so nothing raises an error. Digits as ten yes-or-no questions no longer share one probability.",
            "Should ten probabilities for one digit add up to something?",
        ),
        why="A number, one yes or no, one of several: the target's kind chooses the loss.",
        look="The first lines of lessons 01, 03 and 04: which targets does each loss expect?",
    ),
    question(
        "three_sizes_of_batch",
        "What sets batch, stochastic and mini-batch gradient descent apart?",
        right("How many examples' slopes are averaged before one update is made"),
        wrong(
            "Whether the examples are drawn at random or are taken in their order",
            "about-randomness",
            "“Stochastic” means random, so this is the natural guess. You can shuffle, or not, with any of the three.",
            "Which argument of `sgd_epoch` turns one of them into another?",
        ),
        wrong(
            "How many epochs are run before the weights are updated for once",
            "epochs-per-update",
            "Epochs and updates are easily mixed up. Stochastic descent on 400 examples makes 400 updates in one epoch.",
            "How many updates does each of the three make while it reads the data once?",
        ),
        wrong(
            "How large the learning rate is in proportion to the number of examples",
            "about-the-rate",
            "Noisier slopes do call for smaller steps, so the two are tuned together. The names say nothing about the rate.",
            "With one fixed rate, what else can differ between two runs?",
        ),
        why="All, one, or a few dozen: the rest of the loop is the same.",
        look="Lesson 07, `sgd_epoch`: its three batch sizes.",
    ),
    question(
        "twice_the_learning_rate",
        "In a valley shaped like a parabola you double a rate that just converged. The loss now grows with every step. Why?",
        wrong(
            "The gradient changes its sign there, so that the steps lead uphill",
            "sign-changed",
            "From outside, it looks just like a wrong sign. The slope is still right; each step begins in the right direction.",
            "If the direction is right, what else can be wrong with a step?",
        ),
        right("Each step lands beyond the minimum, and farther from it than before"),
        wrong(
            "The model begins to overfit, because larger steps also learn the noise",
            "overfitting",
            "Overfitting is the usual suspect when a curve goes up. It lifts the loss on unseen data; here the training loss itself grows.",
            "Whose loss does a step make smaller, if it is short enough?",
        ),
        wrong(
            "The steps have left this valley and now circle around a higher minimum",
            "another-minimum",
            "On a drawn landscape one sees the ball jump to the next valley. A parabola has only one.",
            "Write one step on w²: what is w multiplied by?",
        ),
        why="On w² a step multiplies w by 1 − 2·lr: beyond lr = 1 its size is above 1.",
        look="Lesson 07, the knob of learning rates: one of them fails spectacularly.",
    ),
)
