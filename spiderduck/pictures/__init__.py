"""Between the picture pipelines and the product: where originals come from, who may have them, what pages show."""
