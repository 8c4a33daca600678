"""The checks of `doctor`: each looks at one thing and returns a finding."""
