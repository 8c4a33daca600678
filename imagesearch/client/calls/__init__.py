"""Every call of the service, described once: functions that make a Call and send nothing."""
