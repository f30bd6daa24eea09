"""What makes the documentation site: its generated parts, its pictures, and how it is built."""
