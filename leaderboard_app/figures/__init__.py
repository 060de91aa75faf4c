"""Plotly figures from a board, one module a figure; ``style.py`` is what they share.

Only attributes that plotly.js 3 knows: Gradio bundles it, whatever the Python package targets.
"""
