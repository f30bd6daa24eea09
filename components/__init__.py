"""What a stack is made of: ComponentResources, one a file, named after what they make."""
