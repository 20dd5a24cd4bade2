"""What the lessons promise: `lesson_NN.py` lists a lesson's formulas, numbers and maxims, the tests hold the text to it."""
