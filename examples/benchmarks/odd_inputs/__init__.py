"""The benchmark of odd inputs: values, cases, judgement, known differences."""
