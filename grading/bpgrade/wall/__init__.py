"""The wall: kernels in which students' code runs, and the little that crosses between them and the grader."""
