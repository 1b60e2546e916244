"""Variants: pictures at a size and in a format, made from originals or from larger variants, and kept."""
