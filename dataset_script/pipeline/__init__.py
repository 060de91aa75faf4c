"""The build as a chain of datatrove stages: prepare each file → count shared shingles → plan splits → write shards → finish.

In: a folder of transcripts and what people and judges said of it. Out: the files of a built dataset in a working folder, the same
bytes on one core, on many, on Ray or on Slurm. Each stage is a list of datatrove pipeline steps that reads what the stage before it
wrote and writes each file whole or not at all, so a killed build goes on where it was. Open ``prepare.py`` first, then ``plan.py`` and ``shards.py``; ``build.py`` above chains the stages.
"""
