"""Tests of the mathematics, against hand-worked numbers and against an independent model in exact fractions."""
