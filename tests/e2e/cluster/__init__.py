"""The product as a cluster, each part in processes of its own, started once for all tests of this folder."""
