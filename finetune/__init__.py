"""Dataset → adapter. In: a recipe (one YAML) and a built dataset. Out: an adapter or a merged model, its loss curve, its model card.

TRL, PEFT and accelerate do the work. Open ``recipe.py`` first, then ``masking.py`` (which tokens are learnt), then ``train.py``.
"""
