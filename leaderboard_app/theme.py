"""Gradio's own controls in the board's colours and type: every value is a variable of ``board.css``, so both follow one scale."""

import gradio as gr

FONT = ("ui-sans-serif", "system-ui", "sans-serif")
MONO = ("ui-monospace", "monospace")
SMALL, NOTE = "0.76rem", "0.85rem"
"""Two steps of the type scale: labels and marginal notes, what stands in controls."""

_SURFACES = {
    "body_text_color_subdued": "var(--dw-quiet)",
    "background_fill_primary": "var(--dw-ground)",
    "background_fill_secondary": "var(--dw-shade)",
    "border_color_primary": "var(--dw-line)",
    "border_color_accent": "var(--dw-accent)",
    "color_accent_soft": "var(--dw-shade)",
    "block_background_fill": "transparent",
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_info_text_color": "var(--dw-quiet)",
    "block_title_text_color": "var(--dw-ink)",
    "block_title_background_fill": "none",
    "link_text_color": "var(--dw-accent)",
    "link_text_color_hover": "var(--dw-accent)",
    "link_text_color_active": "var(--dw-accent)",
    "link_text_color_visited": "var(--dw-accent)",
}
_CONTROLS = {
    "input_background_fill": "var(--dw-ground)",
    "input_background_fill_focus": "var(--dw-ground)",
    "input_border_color": "var(--dw-edge)",
    "input_border_color_focus": "var(--dw-accent)",
    "input_border_width": "1px",
    "input_placeholder_color": "var(--dw-quiet)",
    "input_shadow": "none",
    "input_shadow_focus": "0 0 0 1px var(--dw-accent)",
    "checkbox_label_background_fill": "var(--dw-ground)",
    "checkbox_label_background_fill_hover": "var(--dw-shade)",
    "checkbox_label_background_fill_selected": "var(--dw-accent)",
    "checkbox_label_border_color": "var(--dw-edge)",
    "checkbox_label_border_color_selected": "var(--dw-accent)",
    "checkbox_label_border_width": "1px",
    "checkbox_label_text_color": "var(--dw-ink)",
    "checkbox_label_text_color_selected": "var(--dw-on-accent)",
    "button_primary_background_fill": "var(--dw-accent)",
    "button_primary_background_fill_hover": "var(--dw-accent)",
    "button_primary_text_color": "var(--dw-on-accent)",
    "button_secondary_background_fill": "transparent",
    "button_secondary_background_fill_hover": "var(--dw-shade)",
    "button_secondary_border_color": "var(--dw-accent)",
    "button_secondary_text_color": "var(--dw-accent)",
}
# Stands in the page before any style sheet has come, so it is said in full: nobody on a dark screen sees a white flash.
_BEFORE_STYLE = {
    "body_background_fill": "#ffffff",
    "body_background_fill_dark": "#10151d",
    "body_text_color": "#1c2430",
    "body_text_color_dark": "#e6eaf0",
}
_SHAPES = {
    "block_padding": "0px",
    "form_gap_width": "0px",
    "layout_gap": "16px",
    "input_radius": "6px",
    "input_padding": "0.4rem 0.6rem",
    "input_text_size": NOTE,
    "block_title_text_size": NOTE,
    "block_title_text_weight": "600",
    "block_info_text_size": SMALL,
    "checkbox_label_text_size": NOTE,
    "checkbox_label_padding": "0.4rem 0.7rem",
    "button_border_width": "1px",
    "button_large_radius": "6px",
    "button_large_padding": "0.4rem 0.9rem",
    "button_large_text_size": NOTE,
    "button_large_text_weight": "600",
}


def theme() -> gr.themes.Base:
    """The theme. What differs between light and dark is said for both: a variable is resolved where it is declared."""
    both = {**_SURFACES, **_CONTROLS}
    plain = gr.themes.Base(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.slate,
        font=FONT,
        font_mono=MONO,
    )
    return plain.set(**_SHAPES, **_BEFORE_STYLE, **both, **{f"{name}_dark": value for name, value in both.items()})
