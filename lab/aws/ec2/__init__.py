"""EC2, as far as EKS's nodes are concerned."""
