"""Several representations on one task, side by side, in one report.

    learning_curve   what vectors and an ELMo are worth with little data and with much

It knows the static side and the neural one, and is known by neither.
"""
