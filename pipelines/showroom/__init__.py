"""The showroom: a static site of journey maps, made of a published version and of nothing else."""
