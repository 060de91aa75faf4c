"""A built folder → is it sound, what does it hold, and onto the Hub.

In: the folder that ``deescalwild data build`` wrote; nothing here knows how it was built. Out: problems, one a line; statistics and plots
for the card; ``croissant.json`` and ``eval.yaml``; one commit and a version tag on the Hub. Open ``folder.py`` first (what is read),
then ``checks.py`` (what must hold) and ``publish.py`` (what is uploaded).
"""
