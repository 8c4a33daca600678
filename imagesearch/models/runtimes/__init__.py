"""What runs a network on a device: PyTorch or ONNX Runtime, behind ports.Backbone, with the same vectors."""
